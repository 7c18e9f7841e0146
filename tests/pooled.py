"""A pooled job for tests and benchmarks, whose work does what its input says."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from mainspring.activities.queues import QueueActivities
from mainspring.activities.runtime.interceptor import ActivityCare
from mainspring.activities.runtime.isolation import Suspects
from mainspring.activities.runtime.queue import BatchedQueues, QueueSizes, QueueTask, Result
from mainspring.contracts.message import Message
from mainspring.contracts.queues import BatchedQueue, ConsumeQueue, QueueConsumed, QueueWorked, WorkQueue
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import Refused, Unreachable
from mainspring.storage.database import Database
from mainspring.worker import STICKY_TIMEOUT
from mainspring.workflows.runtime.job import Job
from mainspring.workflows.runtime.queue import consume_queue

NAME = "note-number"


class NoteNumber(Message):
    """Note a number, after failing as often as is said."""

    number: int
    workspace: str | None = None
    refusals: int = 0
    outages: int = 0


class NumberNoted(Message):
    """The number."""

    number: int


class NoteActivities:
    """Notes numbers in memory; `noted` counts them, `pages` keeps which came together.

    While `open` is not set, nothing is noted; while `telling` is not, Temporal hears of no batch's end;
    `reports` counts those that have ended.
    """

    def __init__(self, queues: BatchedQueues) -> None:
        self._queues = queues
        self.noted: Counter[int] = Counter()
        self.pages: list[list[NoteNumber]] = []
        self.reports = 0
        self.open, self.telling = asyncio.Event(), asyncio.Event()
        self.open.set()
        self.telling.set()

    @activity.defn(name="tests.note_numbers")
    async def note(self, request: WorkQueue) -> QueueWorked:
        """Note a batch of numbers."""
        worked = await self._queues.work_batches(request, NoteNumber, self._note)
        self.reports += 1
        await self.telling.wait()
        return worked

    async def _note(self, tasks: Sequence[QueueTask[NoteNumber]]) -> Mapping[UUID, Result]:
        self.pages.append([task.input for task in tasks])
        await self.open.wait()
        return {task.id: self._one(task) for task in tasks}

    def _one(self, task: QueueTask[NoteNumber]) -> Result:
        if task.attempt <= task.input.outages:
            return Unreachable("away", service="tests")
        if task.attempt <= task.input.refusals:
            return Refused("no", service="tests")
        self.noted[task.input.number] += 1
        return NumberNoted(number=task.input.number)


@workflow.defn(name=f"drain-{NAME}", sandboxed=False)
class NoteNumberConsumer:
    """Consumes the queue of numbers."""

    @workflow.run
    async def run(self, request: ConsumeQueue) -> QueueConsumed:
        """Work the queue until it is empty."""
        return await consume_queue(NAME, NoteActivities.note, request)


NOTE_NUMBER = Job(
    name=NAME,
    run=NoteNumberConsumer.run,
    input=NoteNumber,
    result=NumberNoted,
    fairness_key=lambda request: request.workspace,
    queue=BatchedQueue(page=200, parallel=4),
    summary="Note a number.",
)


@asynccontextmanager
async def noting_worker(
    client: Client, task_queue: str, database: Database, clock: Clock, queue: BatchedQueue | None = None
) -> AsyncIterator[NoteActivities]:
    """Run a worker that knows this job only, and give what it notes."""
    assert NOTE_NUMBER.queue is not None
    sizes = QueueSizes({NAME: queue or NOTE_NUMBER.queue})
    notes = NoteActivities(BatchedQueues(database, clock, sizes, Suspects(database)))
    async with Worker(
        client,
        task_queue=task_queue,
        workflows=[NoteNumberConsumer],
        activities=[notes.note, QueueActivities(database, clock, sizes).measure],
        interceptors=[ActivityCare(database, clock)],
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
    ):
        yield notes
