"""How an activity works the batched queue of its job: a page of tasks together, or tasks side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from mainspring.activities.runtime.isolation import Suspects
from mainspring.activities.runtime.queue.batch import Batch
from mainspring.activities.runtime.queue.beginnings import Begins
from mainspring.activities.runtime.queue.results import Prepare, QueueTask, Result, Store, TaskDone
from mainspring.activities.runtime.queue.side_by_side import SideBySide
from mainspring.activities.runtime.queue.sizes import QueueSizes
from mainspring.activities.runtime.retry import DEFAULT_RETRY, RetryPolicy
from mainspring.contracts.message import Message
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database

In = TypeVar("In", bound=Message)


class NoResult(Exception):
    """The work said nothing of this task."""


class BatchedQueues:
    """The batched queues, for the activities of their jobs. A failure here fails one task only.

    Example:
        class Greet(Message):
            name: str

        class Greeted(Message):
            text: str

        class GreetingActivities:
            def __init__(self, queues: BatchedQueues) -> None:
                self._queues = queues

            @activity.defn(name="greetings.work")
            async def work(self, request: WorkQueue) -> QueueWorked:
                return await self._queues.work_each(request, Greet, self._greet)

            async def _greet(self, task: QueueTask[Greet]) -> Greeted:
                return Greeted(text=f"Hello {task.input.name}")
    """

    def __init__(self, database: Database, clock: Clock, sizes: QueueSizes, suspects: Suspects) -> None:
        self._database = database
        self._suspects = suspects
        self._clock = clock
        self._sizes = sizes

    async def work_batches(
        self,
        request: WorkQueue,
        kind: type[In],
        work: Callable[[Sequence[QueueTask[In]]], Awaitable[Mapping[UUID, Result]]],
        *,
        retry: RetryPolicy = DEFAULT_RETRY,
        prepare: Prepare[In] | None = None,
        store: Store[In] | None = None,
    ) -> QueueWorked:
        """Work a batch page after page: `work` gets a page of tasks and returns what became of each.

        What it raises became of them all. `prepare` reads and writes in the transaction that claims the page,
        `store` writes results in the one that acknowledges it.
        """
        batch = self._batch(request, kind, retry, prepare, store)
        tasks = await batch.resume() or await batch.claim(batch.queue.page)
        while tasks:
            await batch.acknowledge(await _together(work, tasks, batch))
            tasks = await batch.claim(batch.queue.page)
        return await batch.report()

    async def work_each(
        self,
        request: WorkQueue,
        kind: type[In],
        work: Callable[[QueueTask[In]], Awaitable[Message]],
        *,
        retry: RetryPolicy = DEFAULT_RETRY,
        prepare: Prepare[In] | None = None,
        store: Store[In] | None = None,
        begins_late: bool = False,
        begins: Begins[In] | None = None,
    ) -> QueueWorked:
        """Work a batch with a page of tasks under way at once: `work` gets one and returns its result.

        A slow task holds its own place and no other. `prepare` and `store` are as above. `begins_late`:
        the work waits for its turn, and awaits the task's `begin` when that has come, before it does a thing.
        `begins`: as `begins_late`, and that a task begins is written before its `begin` returns.
        """
        batch = self._batch(request, kind, retry, prepare, store, begins)
        is_late = begins_late or begins is not None
        return await SideBySide(batch, work, begins_late=is_late).run()

    def _batch(
        self,
        request: WorkQueue,
        kind: type[In],
        retry: RetryPolicy,
        prepare: Prepare[In] | None,
        store: Store[In] | None,
        begins: Begins[In] | None = None,
    ) -> Batch[In]:
        return Batch(
            self._database,
            self._clock,
            request=request,
            queue=self._sizes[request.job],
            kind=kind,
            retry=retry,
            prepare=prepare,
            store=store,
            begins=begins,
            suspects=self._suspects,
        )


async def _together(
    work: Callable[[Sequence[QueueTask[In]]], Awaitable[Mapping[UUID, Result]]],
    tasks: Sequence[QueueTask[In]],
    batch: Batch[In],
) -> list[TaskDone[In]]:
    alone = [task for task in tasks if batch.is_suspected(task)]
    begun: list[QueueTask[In]] = []
    done = list(await asyncio.gather(*(batch.try_alone(task) for task in alone)))
    for task in tasks:
        if task in alone:
            continue
        try:
            await task.begin()
        except Exception as error:  # noqa: BLE001  # whatever it is, the task has not begun
            done.append(TaskDone(task, error))
        else:
            begun.append(task)
    try:
        results = await work(begun) if begun else {}
    except Exception as error:  # noqa: BLE001  # it became of these tasks
        return done + [TaskDone(task, error) for task in begun]
    return done + [TaskDone(task, results.get(task.id) or NoResult(NoResult.__doc__)) for task in begun]
