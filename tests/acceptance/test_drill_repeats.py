"""The worker is killed with signal 9 between repeated starts, and before the time of later ones.

Each start is made twice: of a job whose tasks have workflows of their own, and of one with a pool. When work
goes on is judged by the waits in the workflows' histories: a busy machine decides nothing.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mainspring.client.jobs import StartedTask
from mainspring.contracts.tasks import Task, TaskState
from mainspring.domain.queues import consumer_of
from mainspring.testing.eventually import PATIENCE_SECONDS
from mainspring.workflows.runtime.job import Debounce, Deduplicate, Throttle
from tests.acceptance.command_line import inherited, loaded
from tests.acceptance.drill_waits import Waits
from tests.acceptance.loaded_program import ForkedProcess
from tests.pooled import NOTE_NUMBER, NoteNumber
from tests.service import Service
from tests.toy_worker import READY
from tests.toys import UPDATE_PRODUCT, Toys, UpdateProduct

PROJECT = Path(__file__).parents[2]
SECOND = timedelta(seconds=1)
DEBOUNCE = Debounce(2 * SECOND)
THROTTLE = Throttle(timedelta(hours=1))

# Well within the quiet time.
BETWEEN_UPDATES_SECONDS = 0.2

# A workflow task that a kill cuts off is another worker's after 10 s. No relay runs here that would help.
GOES_ON_WITHIN = 15 * SECOND

# Usually enough for the consumer to be asleep again, so that the kill cuts off nothing.
SETTLES_SECONDS = 0.3


class Drill:
    """A service whose only worker is a process of its own, and both lanes' toy jobs."""

    def __init__(self, service: Service, folder: Path) -> None:
        self._service = service
        self._toys = Toys(service)
        self._folder = folder
        self._log = folder / "toy_worker.log"
        self._errors = folder / "toy_worker.err"
        self._process: ForkedProcess | None = None
        self._killed_at, self._killed_pid = datetime.now(UTC), 0

    async def start_worker(self) -> timedelta:
        """Start it, and return when it works; give how long that took."""
        began_at, before = datetime.now(UTC), self._lines().count(READY)
        process = self._process = self._forked()
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._lines().count(READY) == before:
                assert process.poll() is None, self._errors.read_text()
                await asyncio.sleep(0.02)
        return datetime.now(UTC) - began_at

    def _forked(self) -> ForkedProcess:
        arguments = (
            self._service.temporal_client.service_client.config.target_host,
            self._service.temporal_client.namespace,
            self._service.database.url.render_as_string(hide_password=False),
            str(self._folder / "killed"),
        )
        with (
            Path(os.devnull).open("rb") as nothing,
            self._log.open("ab") as log,
            self._errors.open("ab") as errors,
        ):
            streams = (nothing, log, errors)
            return loaded().start("tests.toy_worker", arguments, inherited(), PROJECT, streams)

    def kill_worker(self) -> None:
        """Kill it with signal 9; harmless when it does not run."""
        if self._process is not None:
            self._killed_pid = self._process.pid
            self._process.end()
            self._process = None
            self._killed_at = datetime.now(UTC)

    def _lines(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []

    def worked(self) -> list[str]:
        """Return what was worked on, lane by lane, by all workers."""
        return sorted(line for line in self._lines() if line.startswith(("pool ", "toys ")))

    async def start(
        self, repeats: Deduplicate | Debounce | Throttle, number: int, *, key: str = "shoe", **when: Any
    ) -> list[StartedTask[Any]]:
        """Start the number in both lanes."""
        own = replace(UPDATE_PRODUCT, repeats=repeats)
        pooled = replace(NOTE_NUMBER, key=lambda given: str(given.workspace), repeats=repeats)
        return [
            await self._toys.jobs.start(own, UpdateProduct(product=key, version=number), **when),
            await self._service.jobs.start(pooled, NoteNumber(workspace=key, number=number), **when),
        ]

    async def ended(self, started: list[StartedTask[Any]]) -> list[Task]:
        """Wait until these have ended, and return them."""
        tasks = [await self._service.wait(each.id) for each in started]
        assert [TaskState.SUCCESS] * len(tasks) == [task.state for task in tasks]
        return tasks

    async def waited(self, task: Task) -> timedelta:
        """Return how long the last kill, and timers after it, made the workflow wait that worked a task."""
        workflow_id = consumer_of(task.job) if task.job == NOTE_NUMBER.name else task.workflow_id
        workflow = self._service.temporal_client.get_workflow_handle(workflow_id)
        history = (await workflow.fetch_history()).events
        return Waits(history, killed_at=self._killed_at, pid=self._killed_pid).all()


@pytest.fixture
async def drill(workerless: Service, tmp_path: Path) -> AsyncIterator[Drill]:
    """Give a drill whose worker does not run yet."""
    drill = Drill(workerless, tmp_path)
    yield drill
    drill.kill_worker()


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(1, id="short"),
        pytest.param(20, id="long", marks=[pytest.mark.drill, pytest.mark.timeout(600)]),
    ],
)
async def test_a_flurry_that_outlasts_kills_of_the_worker_is_worked_once_with_its_last_input(
    kills: int, drill: Drill, drill_random: Random
) -> None:
    """Updates come before the kill, while no worker is there, and after it; none begins the task."""
    times: list[datetime] = []
    starts: list[list[StartedTask[Any]]] = []
    is_over = asyncio.Event()

    async def flurry() -> None:
        while not is_over.is_set():
            times.append(datetime.now(UTC))
            starts.append(await drill.start(DEBOUNCE, len(times)))
            await asyncio.sleep(BETWEEN_UPDATES_SECONDS)

    await drill.start_worker()
    updating = asyncio.create_task(flurry())
    for _ in range(kills):
        await asyncio.sleep(drill_random.uniform(0, 2))
        drill.kill_worker()
        await asyncio.sleep(drill_random.uniform(0, 1))
        await drill.start_worker()
    is_over.set()
    await updating
    tasks = await drill.ended(starts[0])

    assert [f"pool {len(times)}", f"toys {len(times)}"] == drill.worked()
    assert {each.id for each in starts[0]} == {each.id for both in starts for each in both}
    for task in tasks:
        assert task.started_at is not None
        assert DEBOUNCE.quiet <= task.started_at - times[-1]
        assert await drill.waited(task) <= DEBOUNCE.quiet + GOES_ON_WITHIN


async def test_throttled_and_later_starts_hold_across_a_kill_of_the_worker(drill: Drill) -> None:
    """An early one returns the task of before; a later one begins at its time, or with the next worker."""
    takes = await drill.start_worker()
    throttled = await drill.start(THROTTLE, 1)
    await drill.ended(throttled)
    missed = await drill.start(Deduplicate(), 2, key="missed", delay=SECOND)
    # By then the next worker is there, or nearly.
    later = await drill.start(Deduplicate(), 3, key="later", at=datetime.now(UTC) + takes + SECOND)
    await asyncio.sleep(SETTLES_SECONDS)
    drill.kill_worker()
    early = await drill.start(THROTTLE, 4)
    await drill.start_worker()
    early += await drill.start(THROTTLE, 5)
    tasks = await drill.ended(missed + later)

    assert [each.id for each in throttled] * 2 == [each.id for each in early]
    assert {True} == {each.deduplicated for each in early}
    assert [f"{lane} {number}" for lane in ("pool", "toys") for number in (1, 2, 3)] == drill.worked()
    for task in tasks:
        assert task.starts_at is not None
        assert task.started_at is not None
        assert task.starts_at <= task.started_at
        assert await drill.waited(task) <= takes + 2 * SECOND + GOES_ON_WITHIN
