"""Activities that compute: a plain `def` has a thread, and who holds the event loop is named."""

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

from temporalio import activity, workflow
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from mainspring.activities.runtime.held_loop import note_work, watched_loop
    from mainspring.activities.runtime.interceptor import ActivityCare
    from mainspring.activities.runtime.queue import QueueSizes
    from mainspring.activities.tasks import TaskActivities
    from mainspring.client.jobs import Jobs
    from mainspring.gateways.temporal import TemporalGateway
    from mainspring.testing import ServiceUnderTest
    from mainspring.testing.service import PATIENCE
    from mainspring.worker import build_worker
    from mainspring.workflows.runtime.sandbox import workflow_runner

from mainspring.contracts.tasks import TaskId, TaskState
from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.job import Job
from mainspring.workflows.runtime.tracking import tracked

QUEUE = "threads"
OFTEN = options.BATCH | {"heartbeat_timeout": timedelta(seconds=1)}
PATIENCE = timedelta(milliseconds=100)


class FirstTry(Exception):
    """It does not work at once."""


class Told:
    """Keeps the fields of what is logged, the event among them."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []
        self._noticed, self.went_on = threading.Event(), threading.Event()

    def warning(self, event: str, **fields: Any) -> None:
        """Keep a line."""
        self.lines.append({"event": event} | fields)
        (self._noticed if event == "event loop is held" else self.went_on).set()

    def wait_for_notice(self) -> None:
        """Hold the thread until it is said that the event loop is held."""
        self._noticed.clear()
        self.went_on.clear()
        self._noticed.wait(30)


class Computing:
    """Computes on the event loop's thread, and in one of its own."""

    def __init__(self, log: "Told | None" = None) -> None:
        self.log = log or Told()
        self.threads: list[str] = []
        self.endless = threading.Event()
        self.ended = threading.Event()

    @activity.defn(name="computing.beside")
    def beside(self, _request: TaskId) -> int:
        """Compute in a thread: the first attempt fails."""
        self.threads.append(threading.current_thread().name)
        if activity.info().attempt == 1:
            raise FirstTry
        return 1

    @activity.defn(name="computing.endlessly")
    def endlessly(self, _request: TaskId) -> None:
        """Compute without end."""
        self.endless.set()
        try:
            while True:
                time.sleep(0.01)
        finally:
            self.ended.set()

    @activity.defn(name="computing.hold")
    async def hold(self, _request: TaskId) -> int:
        """Compute on the event loop, until somebody notices."""
        self.log.wait_for_notice()
        return 2


@workflow.defn(name="compute")
class ComputeWorkflow:
    """Computes both ways."""

    @workflow.run
    async def run(self, request: TaskId) -> int:
        """Compute beside the loop, then on it."""
        beside = await workflow.execute_activity_method(Computing.beside, request, **options.BATCH)
        hold = await workflow.execute_activity_method(Computing.hold, request, **options.BATCH)
        return beside + hold


@workflow.defn(name="compute-endlessly")
class ComputeEndlesslyWorkflow:
    """Computes until it is cancelled."""

    @workflow.run
    @tracked
    async def run(self, request: TaskId) -> TaskId:
        """Compute."""
        await workflow.execute_activity_method(Computing.endlessly, request, **OFTEN)
        return request


COMPUTE_ENDLESSLY = Job(
    name="compute-endlessly", run=ComputeEndlesslyWorkflow.run, input=TaskId, result=TaskId, summary="A toy."
)


@asynccontextmanager
async def worker_of(service: ServiceUnderTest, computing: Computing) -> AsyncIterator[None]:
    """Run a worker with the threads of the shipped one."""
    shipped = build_worker(
        service.settings, service.temporal_client, service.database, service.gateways, service.clock
    )
    temporal = TemporalGateway(service.temporal_client, QUEUE, patience=PATIENCE)
    ledger = TaskActivities(service.database, temporal, service.clock, QueueSizes({}))
    async with Worker(
        service.temporal_client,
        task_queue=QUEUE,
        workflows=[ComputeWorkflow, ComputeEndlesslyWorkflow],
        activities=[ledger.begin, ledger.finish, computing.beside, computing.hold, computing.endlessly],
        activity_executor=shipped.threads,
        interceptors=[ActivityCare(service.database, service.clock)],
        workflow_runner=workflow_runner(),
    ):
        yield
    shipped.threads.shutdown()


async def test_a_plain_def_has_a_thread_and_who_holds_the_event_loop_is_named(
    idle_service: ServiceUnderTest,
) -> None:
    """A thread's activity is tried again as any other; the log has activity, workflow, task and line."""
    task, log = TaskId(task_id=uuid4()), Told()
    computing = Computing(log)
    with watched_loop(patience=PATIENCE, every=PATIENCE / 10, log=log):
        async with worker_of(idle_service, computing):
            done = await idle_service.temporal_client.execute_workflow(
                ComputeWorkflow.run, task, id="compute", task_queue=QUEUE
            )
        assert await asyncio.to_thread(log.went_on.wait, 30)

    assert 3 == done
    assert ["activity_0", "activity_0"] == computing.threads
    held = [each for each in log.lines if each.get("activity") == "computing.hold"]
    assert ["event loop is held", "event loop goes on"] == [each["event"] for each in held]
    assert {("compute", str(task.task_id))} == {(each["workflow_id"], each["task_id"]) for each in held}
    lines = held[0]["at"].split(" < ")[:2]
    assert all("test_activity_threads.py:" in line for line in lines)
    assert ["wait_for_notice", "hold"] == [line.rpartition(" ")[2] for line in lines]
    assert held[1]["held_seconds"] >= PATIENCE.total_seconds()


async def test_a_plain_def_hears_of_a_cancellation_in_its_thread(idle_service: ServiceUnderTest) -> None:
    """Its task is CANCELLED, which is no failure."""
    computing = Computing()
    jobs = Jobs(
        idle_service.database,
        TemporalGateway(idle_service.temporal_client, QUEUE, patience=PATIENCE),
        idle_service.clock,
    )
    async with worker_of(idle_service, computing):
        started = await jobs.start(COMPUTE_ENDLESSLY, TaskId(task_id=uuid4()))
        await asyncio.to_thread(computing.endless.wait, 30)
        await jobs.cancel(started.id)
        task = await idle_service.wait(started.id)
        assert computing.ended.wait(1)

    assert (TaskState.CANCELLED, ()) == (task.state, task.errors)


async def test_of_several_tasks_the_one_that_holds_the_event_loop_is_named() -> None:
    """As a batched queue works them: each notes its own id; a call into a library shows our line first."""
    log = Told()

    async def work(name: str) -> None:
        note_work(task_id=name)
        await asyncio.sleep(0)
        if name == "b":
            log.wait_for_notice()

    with watched_loop(patience=PATIENCE, every=PATIENCE / 10, log=log):
        note_work(activity="toys.each")
        await asyncio.gather(*(work(name) for name in "abc"))
        await asyncio.sleep(0.01)

    held = next(each for each in log.lines if "task_id" in each)
    assert ("toys.each", "b") == (held["activity"], held["task_id"])
    assert "test_activity_threads.py:" in held["at"].partition(" < ")[0]
