"""How an activity works the batched queue of its job: a page of tasks together, or tasks side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from mainspring.activities.runtime.held_loop import note_work
from mainspring.activities.runtime.isolation import Suspects
from mainspring.activities.runtime.queue.batch import Batch
from mainspring.activities.runtime.queue.results import Prepare, QueueTask, Result, Store, TaskDone
from mainspring.activities.runtime.queue.sizes import QueueSizes
from mainspring.activities.runtime.retry import DEFAULT_RETRY, RetryPolicy
from mainspring.contracts.message import Message
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database

In = TypeVar("In", bound=Message)

UnderWay = dict["asyncio.Task[TaskDone[In]]", QueueTask[In]]

# A batch that is broken off waits so long for a database that is away: its worker may be about to end.
LAST_WORDS = timedelta(seconds=5)

# So often the batch acknowledges tasks that are done, and claims others in their place: what a kill can
# repeat is little more than what is under way.
TICK_SECONDS = 0.2


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
    ) -> QueueWorked:
        """Work a batch with a page of tasks under way at once: `work` gets one and returns its result.

        A slow task holds its own place and no other. `prepare` and `store` are as above. `begins_late`:
        the work waits for its turn, and awaits the task's `begin` when that has come, before it does a thing.
        """
        batch = self._batch(request, kind, retry, prepare, store)
        under_way = _begun(work, await batch.resume(), begins_late, batch)
        try:
            while True:
                tasks = await batch.claim(batch.queue.page - len(under_way))
                under_way |= _begun(work, tasks, begins_late, batch)
                if not under_way:
                    return await batch.report()
                ready, _ = await asyncio.wait(under_way, timeout=TICK_SECONDS)
                if ready:
                    await batch.acknowledge([each.result() for each in ready])
                    under_way = {each: task for each, task in under_way.items() if each not in ready}
        finally:
            if under_way:
                await _break_off(under_way, batch)

    def _batch(
        self,
        request: WorkQueue,
        kind: type[In],
        retry: RetryPolicy,
        prepare: Prepare[In] | None,
        store: Store[In] | None,
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
            suspects=self._suspects,
        )


async def _together(
    work: Callable[[Sequence[QueueTask[In]]], Awaitable[Mapping[UUID, Result]]],
    tasks: Sequence[QueueTask[In]],
    batch: Batch[In],
) -> list[TaskDone[In]]:
    suspected = [task for task in tasks if batch.is_suspected(task)]
    begun: list[QueueTask[In]] = []
    done = list(await asyncio.gather(*(batch.try_alone(task) for task in suspected)))
    for task in tasks:
        if task in suspected:
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


def _begun(
    work: Callable[[QueueTask[In]], Awaitable[Message]],
    tasks: Sequence[QueueTask[In]],
    begins_late: bool,
    batch: Batch[In],
) -> UnderWay[In]:
    return {
        asyncio.create_task(
            batch.try_alone(task) if batch.is_suspected(task) else _by_itself(work, task, begins_late)
        ): task
        for task in tasks
    }


async def _by_itself(
    work: Callable[[QueueTask[In]], Awaitable[Message]], task: QueueTask[In], begins_late: bool
) -> TaskDone[In]:
    note_work(task_id=task.id)
    try:
        if not begins_late:
            await task.begin()
        return TaskDone(task, await work(task))
    except Exception as error:  # noqa: BLE001  # as above
        return TaskDone(task, error)


async def _break_off(under_way: UnderWay[In], batch: Batch[In]) -> None:
    """Acknowledge what is done and what has not begun, when the activity is cancelled.

    The next attempt resumes the rest.
    """
    for each in under_way:
        each.cancel()
    await asyncio.wait(under_way)
    done = []
    for each, task in under_way.items():
        if not each.cancelled() and each.exception() is None:
            done.append(each.result())
        elif not batch.has_begun(task):
            done.append(batch.snooze(task))
    if done:
        # Why the batch is broken off is told, not that the database was away.
        with suppress(TimeoutError):
            async with asyncio.timeout(LAST_WORDS.total_seconds()):
                await batch.acknowledge(done)
