"""Tasks that kill their worker with signal 9 each time that they run, and the tasks beside them."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mainspring.activities.runtime.queue.alone import CROWD, TOGETHER
from mainspring.client.jobs import Jobs
from mainspring.client.tasks.status_text import note
from mainspring.contracts.failures import FailureFilter
from mainspring.contracts.tasks import TaskState
from mainspring.gateways.temporal import TemporalGateway
from mainspring.testing import eventually
from mainspring.testing.service import PATIENCE
from tests.acceptance.command_line import inherited, loaded
from tests.acceptance.loaded_program import ForkedProcess
from tests.acceptance.project_copy import PROJECT
from tests.killers import POOLED_WORK, QUEUE, WORK, Work
from tests.service import Service

MESSAGE = "its worker died 3 times while it ran this"


class Supervised:
    """A worker that is started again whenever it has died, as `up` and compose do."""

    def __init__(self, service: Service, folder: Path) -> None:
        self.service, self.folder = service, folder
        self.jobs = Jobs(
            service.database,
            TemporalGateway(service.temporal_client, QUEUE, patience=PATIENCE),
            service.clock,
        )
        self.deaths = 0
        self.process: ForkedProcess | None = None
        self._log = folder / "worker.log"

    async def supervise(self) -> None:
        """Start it again and again."""
        while True:
            self.process = self._start()
            while self.process.poll() is None:  # noqa: ASYNC110  # polled
                await asyncio.sleep(0.1)
            self.deaths += self.process.wait(0) == -signal.SIGKILL

    def _start(self) -> ForkedProcess:
        client = self.service.temporal_client
        arguments = (
            client.service_client.config.target_host,
            client.namespace,
            self.service.database.url.render_as_string(hide_password=False),
            str(self.folder),
        )
        with Path(os.devnull).open("rb") as nothing, self._log.open("ab") as log:
            return loaded().start("tests.killers", arguments, inherited(), PROJECT, (nothing, log, log))

    def end(self) -> None:
        """Kill it; harmless when it does not run."""
        if self.process is not None:
            self.process.end()

    def begun(self) -> Counter[str]:
        """Return how often the work of each name has begun."""
        file = self.folder / "begun"
        return Counter(file.read_text().splitlines() if file.exists() else [])

    async def until_begun(self, *names: str) -> None:
        """Return when the work of all these names has begun."""

        async def look() -> Counter[str]:
            return self.begun()

        await eventually(look, lambda begun: begun.keys() >= {*names})


@pytest.fixture
async def supervised(workerless: Service, tmp_path: Path) -> AsyncIterator[Supervised]:
    """Give a worker process that is started again whenever it dies."""
    worker = Supervised(workerless, tmp_path)
    supervising = asyncio.create_task(worker.supervise())
    yield worker
    supervising.cancel()
    worker.end()


async def test_a_task_that_kills_its_worker_fails_after_three_deaths_and_its_neighbours_are_done(
    supervised: Supervised,
) -> None:
    """Both lanes: the first death takes the worker along, the others a process of the task's own."""
    service, jobs = supervised.service, supervised.jobs
    crowd = [f"pooled {number}" for number in range(CROWD + 1)]
    beside = [
        await jobs.start(WORK, Work(name="long", beside="killer", seconds=2)),
        *await jobs.start_many(POOLED_WORK, [Work(name=each, seconds=1.5) for each in crowd]),
    ]
    await supervised.until_begun("long", *crowd)
    # Both are under way when one of them kills the worker.
    pooled_killer = Work(name="pooled killer", beside="killer", seconds=1, kills=True)
    pooled = await jobs.start(POOLED_WORK, pooled_killer)
    await supervised.until_begun("pooled killer")
    killers = [await jobs.start(WORK, Work(name="killer", kills=True)), pooled]
    seen = [await service.until(each.id, lambda task: task.deaths > 0) for each in killers]
    failed = [await service.wait(each.id) for each in killers]
    done = [await service.wait(each.id) for each in beside]

    assert [(TaskState.FAILED, "WorkerDied", MESSAGE)] * 2 == [
        (task.state, task.error_type, task.error_message) for task in failed
    ]
    assert [[("WorkerDied", MESSAGE)]] * 2 == [
        [(each.error_type, each.message) for each in task.errors] for task in failed
    ]
    assert [3, 3] == [task.deaths for task in failed]
    text = "its worker died once while it ran this: tried alone, in a process of its own"
    assert [True, True] == [text in note(task).replace("2 times", "once") for task in seen]
    found = await service.failures.tasks(FailureFilter(error_type="WorkerDied"))
    assert {each.id for each in killers} == {task.id for task in found}
    assert {(TaskState.SUCCESS, 0, ())} == {(task.state, task.deaths, task.errors) for task in done}
    begun = supervised.begun()
    assert [3, 3] == [begun["killer"], begun["pooled killer"]]
    # Once when the worker died, and once to be done; some of a crowd are tried beside the killer once more.
    assert begun["long"] == 2
    repeated = sorted(begun[name] for name in crowd)
    assert 3 >= repeated[-1]
    assert repeated.count(3) < TOGETHER
    assert supervised.deaths == 1
