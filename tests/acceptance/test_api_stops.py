"""A stop of `mainspring api` while many streams are open: it ends soon, and no client misses anything."""

import asyncio
import json
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from mainspring.client.remote import RemoteService, connect
from mainspring.client.service import Service, open_service
from mainspring.config.settings import Settings
from mainspring.contracts.api_keys import Role
from mainspring.contracts.flows import RunFlow
from mainspring.contracts.tasks import FinishTask, TaskState
from mainspring.gateways.service_api import ServiceApi, open_service_api
from mainspring.storage.database import Session
from mainspring.storage.ledger import TaskWriter
from mainspring.workflows.run_flow import RUN_FLOW
from tests.acceptance.command_line import CommandLine

ENDS_WITHIN_SECONDS = 5
# A new process of the service begins within this time, also on a busy machine.
PATIENCE = timedelta(minutes=2)
STEP = {"name": "a", "job": "update-inventory-prices", "input": {"account_id": str(uuid4())}}
FLOW = RunFlow.model_validate({"steps": [STEP]})


@dataclass
class Reader:
    """What one stream has told: of each task its states."""

    seen: dict[UUID, list[TaskState]] = field(default_factory=dict)
    opened: asyncio.Event = field(default_factory=asyncio.Event)

    def note(self, task_id: UUID, state: TaskState) -> None:
        """Note what was told."""
        self.seen.setdefault(task_id, []).append(state)
        self.opened.set()

    async def follow_task(self, service: RemoteService, task_id: UUID) -> None:
        """Read the stream of a task to its end."""
        async for task in service.tasks.watch(task_id):
            self.note(task.id, task.state)

    async def follow_workspace(self, api: ServiceApi, tasks: set[UUID]) -> None:
        """Read the stream of the workspace until all these tasks have ended; the set may grow meanwhile."""
        now = str(int(datetime.now(UTC).timestamp() * 1_000_000))
        async with aclosing(api.events("/v1/events", now)) as events:
            async for event in events:
                assert event.name != "missed"
                told = json.loads(event.data)
                self.note(UUID(told["id"]), TaskState(told["state"]))
                if all(TaskState.SUCCESS in self.seen.get(each, ()) for each in tasks):
                    return


async def serving_url(process: "subprocess.Popen[str]") -> str:
    """Wait until a process serves; return where."""
    assert process.stderr is not None
    while line := await asyncio.to_thread(process.stderr.readline):
        if found := re.search(r"api ready.*(http://127\.0\.0\.1:\d+)", line):
            return found[1]
    raise AssertionError("it ended before it was ready")


async def end(process: "subprocess.Popen[str]", number: signal.Signals) -> None:
    """Tell a process to end, which it does in time, and as one that was told to."""
    assert process.stderr is not None
    reading = asyncio.create_task(asyncio.to_thread(process.stderr.read))
    began = time.monotonic()
    process.send_signal(number)
    assert 0 == await asyncio.to_thread(process.wait, 4 * ENDS_WITHIN_SECONDS)
    assert time.monotonic() - began < ENDS_WITHIN_SECONDS
    await reading


async def succeed(service: Service, tasks: Sequence[UUID]) -> None:
    """End tasks, as their workflows do."""

    async def write(session: Session) -> None:
        for each in tasks:
            finish = FinishTask(task_id=each, state=TaskState.SUCCESS, result={})
            await TaskWriter(session).finish(finish, now=service.clock.now())

    await service.database.transact(write)


async def clients_miss_nothing(command_line: CommandLine, count: int, number: signal.Signals) -> None:
    """Stop the service with so many streams open, change tasks, and start the service again."""
    async with open_service(Settings(state_dir=command_line.state_dir)) as service:
        key = (await service.api_keys.create("watcher", Role.OBSERVER)).text
        tasks = [(await service.jobs.start(RUN_FLOW, FLOW)).id for _ in range(3)]
        expected = set(tasks)
        readers = [Reader() for _ in range(count)]
        with command_line.started("api") as first:
            url = await serving_url(first)
            async with (
                connect(url, api_key=key, patience=PATIENCE) as remote,
                open_service_api(url, key, patience=PATIENCE) as api,
            ):
                of_tasks, of_workspace = readers[: count // 2], readers[count // 2 :]
                reading = asyncio.gather(
                    *(reader.follow_task(remote, tasks[n % len(tasks)]) for n, reader in enumerate(of_tasks)),
                    *(reader.follow_workspace(api, expected) for reader in of_workspace),
                )
                await asyncio.gather(*(reader.opened.wait() for reader in readers))
                await end(first, number)

                late = (await service.jobs.start(RUN_FLOW, FLOW)).id
                expected.add(late)
                await succeed(service, [*tasks, late])
                port = url.rpartition(":")[2]
                with command_line.started("api", "--port", port) as second:
                    await serving_url(second)
                    async with asyncio.timeout(PATIENCE.total_seconds()):
                        await reading
    for place, reader in enumerate(of_tasks):
        assert {tasks[place % len(tasks)]: [TaskState.QUEUED, TaskState.SUCCESS]} == reader.seen
    for reader in of_workspace:
        assert expected == set(reader.seen)
        assert {TaskState.SUCCESS} == {states[-1] for states in reader.seen.values()}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stop_ends_streams_and_their_clients_miss_nothing(
    command_line: CommandLine, number: signal.Signals
) -> None:
    """Ctrl-C and SIGTERM; tasks that end while nobody serves are told when somebody serves again."""
    await clients_miss_nothing(command_line, 20, number)


@pytest.mark.drill
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_stop_ends_two_hundred_streams(command_line: CommandLine, number: signal.Signals) -> None:
    """The same with as many as a key may have, nearly."""
    await clients_miss_nothing(command_line, 200, number)
