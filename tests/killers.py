"""Jobs of both lanes that kill their worker, and a process that works them: `python -m tests.killers`.

Each begin of their work is a line of a file, for the process may not live to tell it otherwise.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

with workflow.unsafe.imports_passed_through():
    from mainspring.activities.queues import QueueActivities
    from mainspring.activities.runtime.interceptor import ActivityCare
    from mainspring.activities.runtime.isolation import Isolation, Registered, Suspects
    from mainspring.activities.runtime.isolation.child import serve_forks
    from mainspring.activities.runtime.queue import BatchedQueues, QueueSizes, QueueTask
    from mainspring.activities.tasks import TaskActivities
    from mainspring.gateways.clock import SystemClock
    from mainspring.gateways.temporal import TemporalGateway
    from mainspring.gateways.temporal.converter import data_converter
    from mainspring.storage.database import Database
    from mainspring.worker import STICKY_TIMEOUT
    from mainspring.workflows.runtime.job import Job
    from mainspring.workflows.runtime.queue import consume_queue
    from mainspring.workflows.runtime.sandbox import workflow_runner
    from mainspring.workflows.runtime.tracking import tracked

from mainspring.contracts.message import Message
from mainspring.contracts.queues import BatchedQueue, ConsumeQueue, QueueConsumed, QueueWorked, WorkQueue

QUEUE = "killers"


class Work(Message):
    """Work for so long, or kill the process in the midst of it.

    `beside`: that time begins once the work of this name has begun.
    """

    name: str
    beside: str | None = None
    seconds: float = 0
    kills: bool = False


class WorkDone(Message):
    """The name of the work."""

    name: str


class Killers:
    """Does the work, and writes into a file that it begins."""

    def __init__(self, queues: BatchedQueues, folder: Path) -> None:
        self._queues = queues
        self._begun = folder / "begun"

    @activity.defn(name="killers.work")
    async def work(self, request: Work) -> WorkDone:
        """Work."""
        return await self._work(request)

    @activity.defn(name="killers.work_queue")
    async def work_queue(self, request: WorkQueue) -> QueueWorked:
        """Work a batch."""
        return await self._queues.work_each(request, Work, self._work_task)

    async def _work_task(self, task: QueueTask[Work]) -> WorkDone:
        return await self._work(task.input)

    async def _work(self, request: Work) -> WorkDone:
        with self._begun.open("a") as lines:
            lines.write(f"{request.name}\n")
        while request.beside and request.beside not in self._begun.read_text().splitlines():  # noqa: ASYNC110  # polled
            await asyncio.sleep(0.05)
        await asyncio.sleep(request.seconds)
        if request.kills:
            os.kill(os.getpid(), signal.SIGKILL)
        return WorkDone(name=request.name)


@workflow.defn(name="work-alone")
class WorkWorkflow:
    """Works in a workflow of its own."""

    @workflow.run
    @tracked
    async def run(self, request: Work) -> WorkDone:
        """Work."""
        return await workflow.execute_activity_method(
            Killers.work,
            request,
            start_to_close_timeout=timedelta(minutes=1),
            heartbeat_timeout=timedelta(seconds=8),
        )


@workflow.defn(name="drain-work-pooled")
class WorkConsumer:
    """Consumes the queue of work."""

    @workflow.run
    async def run(self, request: ConsumeQueue) -> QueueConsumed:
        """Work the queue until it is empty."""
        return await consume_queue("work-pooled", Killers.work_queue, request)


WORK = Job(name="work-alone", run=WorkWorkflow.run, input=Work, result=WorkDone, summary="Work.")
POOLED_WORK = Job(
    name="work-pooled",
    run=WorkConsumer.run,
    input=Work,
    result=WorkDone,
    queue=BatchedQueue(page=40, parallel=1),
    summary="Work, pooled.",
)
SIZES = QueueSizes({"work-pooled": BatchedQueue(page=40, parallel=1)})


@asynccontextmanager
async def isolated(order: tuple[str, Path]) -> AsyncIterator[tuple[Sequence[Any], ActivityCare]]:
    """Give what is done in isolation."""
    database, clock = Database(order[0]), SystemClock()
    suspects = Suspects(database)
    killers = Killers(BatchedQueues(database, clock, SIZES, suspects), order[1])
    yield [killers.work, killers.work_queue], ActivityCare(database, clock, suspects)


async def main(address: str, namespace: str, database_url: str, folder: str) -> None:
    """Work until killed, or until told to stop."""
    client = await Client.connect(address, namespace=namespace, data_converter=data_converter)
    database, clock, order = Database(database_url), SystemClock(), (database_url, Path(folder))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    command = (sys.executable, "-m", "tests.killers", "isolated")
    async with Registered(database, clock) as registered, Isolation(command, order) as isolation:
        suspects = Suspects(database, isolation=isolation, registered=registered)
        killers = Killers(BatchedQueues(database, clock, SIZES, suspects), Path(folder))
        ledger = TaskActivities(database, TemporalGateway(client, QUEUE), clock, SIZES)
        async with Worker(
            client,
            task_queue=QUEUE,
            workflows=[WorkWorkflow, WorkConsumer],
            activities=[
                ledger.begin,
                ledger.finish,
                killers.work,
                killers.work_queue,
                QueueActivities(database, clock, SIZES).measure,
            ],
            interceptors=[ActivityCare(database, clock, suspects)],
            workflow_runner=workflow_runner(),
            sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
            max_heartbeat_throttle_interval=timedelta(seconds=1),
            graceful_shutdown_timeout=timedelta(seconds=1),
        ):
            await stop.wait()
            await registered.leave()


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["isolated", descriptor]:
            serve_forks(int(descriptor), isolated)
        case arguments:
            asyncio.run(main(*arguments))
