"""The consumer of a queue: one workflow for all tasks of a job with a batched queue."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

from temporalio import workflow

from mainspring.workflows.runtime import options

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.queues import QueueActivities

from mainspring.contracts.queues import (
    BatchedQueue,
    ConsumeQueue,
    MeasureQueue,
    QueueConsumed,
    QueueMeasured,
    QueueStatistics,
    QueueWorked,
    WorkQueue,
)
from mainspring.domain.queues import CONSUMER_WAITS_AT_MOST

# A method of an activity class that works a batch of the queue.
Work = Callable[[Any, WorkQueue], Awaitable[QueueWorked]]

# What is due in no time is waited for all the same: each look costs Temporal some events.
SHORTEST_WAIT = timedelta(milliseconds=50)

# Batches under way are never more than so many times `parallel`, however many of them are doubtful. Which
# are dead is known after a heartbeat's 10 s: workers may die every three seconds before anything has to wait.
GENERATIONS = 4


async def consume_queue(job: str, work: Work, request: ConsumeQueue) -> QueueConsumed:
    """Work the queue of a job until it is empty.

    `work` is its activity. The signal `wake` says that there are new tasks, `worker_started` that what is
    under way may have died with another worker. A long consumer continues as new.
    """
    return await _Consumer(job, work).run(request)


class _Consumer:
    def __init__(self, job: str, work: Work) -> None:
        self._job = job
        self._work = work
        self._batches: list[asyncio.Task[QueueWorked]] = []
        # Those of them that were under way when a worker started, perhaps in the place of one that died.
        self._doubtful: set[asyncio.Task[QueueWorked]] = set()
        self._consumed = QueueConsumed()
        # When the next task that anybody has seen is due. A batch's report may be older than what was seen
        # meanwhile, so that it forgets none: only a measurement does.
        self._next_due: datetime | None = None
        self._woken = False
        workflow.set_signal_handler("wake", self._wake)
        workflow.set_signal_handler("worker_started", self._worker_started)

    def _wake(self) -> None:
        self._woken = True

    def _worker_started(self) -> None:
        self._doubtful = set(self._batches)
        self._woken = True

    async def run(self, request: ConsumeQueue) -> QueueConsumed:
        measured = await self._measure()
        while True:
            if workflow.info().is_continue_as_new_suggested() and await self._is_wound_up():
                workflow.continue_as_new(request)
            self._begin(measured)
            if self._batches:
                measured = await self._news(measured)
            elif await self._is_worth_a_wait():
                measured = await self._measure()
            else:
                return self._consumed

    def _begin(self, measured: QueueMeasured) -> None:
        """Begin as many batches as there are pages due."""
        pages = -(-measured.queue.due // measured.pool.page)
        for _ in range(min(pages, self._room(measured.pool))):
            self._batches.append(asyncio.create_task(self._batch()))

    def _room(self, queue: BatchedQueue) -> int:
        """Return how many batches may begin; below one when none may.

        A doubtful one takes no place: if it is dead, what waits must not wait until that is known. If it
        lives, there are more than usual, for half a minute.
        """
        sure = len(self._batches) - len(self._doubtful)
        return min(queue.parallel - sure, GENERATIONS * queue.parallel - len(self._batches))

    async def _is_wound_up(self) -> bool:
        """Wait for the end of all batches; return False when some are doubtful: that may take long."""
        while self._batches:
            await workflow.wait_condition(lambda: bool(self._doubtful) or self._is_one_over())
            if self._doubtful:
                return False
            await self._finished()
        return True

    async def _batch(self) -> QueueWorked:
        worked: QueueWorked = await workflow.execute_activity_method(
            self._work, WorkQueue(job=self._job), **options.BATCH
        )
        return worked

    async def _news(self, measured: QueueMeasured) -> QueueMeasured:
        """Return what waits when a batch has ended or, while there is room, when more is new or due."""
        has_room = self._room(measured.pool) > 0
        with contextlib.suppress(TimeoutError):  # a task is due that the batches may have no place for
            await workflow.wait_condition(
                # A worker that starts makes room.
                lambda: (self._woken and self._room(measured.pool) > 0) or self._is_one_over(),
                timeout=self._until_next_due() if has_room else None,
            )
        if self._is_one_over():
            return measured.model_copy(update={"queue": await self._finished()})
        return await self._measure()

    async def _finished(self) -> QueueStatistics:
        """Count the batches that are over, waiting for one, and return what the last one saw as due."""
        await workflow.wait_condition(self._is_one_over)
        over = [each for each in self._batches if each.done()]
        self._batches = [each for each in self._batches if each not in over]
        self._doubtful.difference_update(over)
        for each in over:
            worked = await each
            self._note_next_due(worked.queue)
            self._consumed = QueueConsumed(
                **{
                    name: getattr(self._consumed, name) + getattr(worked, name)
                    for name in QueueConsumed.model_fields
                }
            )
        return worked.queue

    def _is_one_over(self) -> bool:
        return any(each.done() for each in self._batches)

    async def _is_worth_a_wait(self) -> bool:
        """Wait for what is due soon, or for a wake; return False when there is nothing to wait for.

        A wake that came since the last look is seen here: what it tells of may not have been seen then. One
        that comes after this makes Temporal refuse the end, and this code look again.
        """
        if self._woken:
            return True
        remaining = self._until_next_due()
        if remaining is None or remaining > CONSUMER_WAITS_AT_MOST:
            return False
        with contextlib.suppress(TimeoutError):  # the usual end of a wait
            await workflow.wait_condition(lambda: self._woken, timeout=remaining)
        return True

    async def _measure(self) -> QueueMeasured:
        self._woken = False
        measured: QueueMeasured = await workflow.execute_local_activity_method(
            QueueActivities.measure, MeasureQueue(job=self._job), **options.LEDGER
        )
        self._next_due = None
        self._note_next_due(measured.queue)
        return measured

    def _note_next_due(self, queue: QueueStatistics) -> None:
        if queue.next_due_at is None:
            return
        # The worker's clock may be behind Temporal's: the row would not be due by it. Older histories tell
        # the moment only.
        due = queue.next_due_at if queue.next_due_in is None else workflow.now() + queue.next_due_in
        self._next_due = due if self._next_due is None else min(due, self._next_due)

    def _until_next_due(self) -> timedelta | None:
        return None if self._next_due is None else max(self._next_due - workflow.now(), SHORTEST_WAIT)
