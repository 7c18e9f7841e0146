"""The tasks of a batch side by side: begun, acknowledged in small groups as they are done, and replaced."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Generic, TypeVar

from mainspring.activities.runtime.held_loop import note_work
from mainspring.activities.runtime.queue.batch import Batch
from mainspring.activities.runtime.queue.results import QueueTask, TaskDone
from mainspring.contracts.message import Message
from mainspring.contracts.queues import QueueWorked

In = TypeVar("In", bound=Message)

Work = Callable[[QueueTask[In]], Awaitable[Message]]

# A batch that is broken off waits so long for a database that is away: its worker may be about to end.
LAST_WORDS = timedelta(seconds=5)

# So often a batch that has claimed all looks for tasks that have become due.
CLAIM_EVERY = timedelta(milliseconds=200)

# While more tasks wait, a quarter of a page is claimed at once; less, when that takes so long to become free.
SHARE_TO_CLAIM = 4
CLAIM_AT_LEAST_EVERY = timedelta(seconds=1)

# So long what is done waits for others to be acknowledged with it, and less while a task waits to begin.
GATHER = timedelta(milliseconds=25)
GATHER_BEGINNINGS = timedelta(milliseconds=3)


class SideBySide(Generic[In]):
    """Works a batch with up to a page of tasks under way at once."""

    def __init__(self, batch: Batch[In], work: Work[In], *, begins_late: bool) -> None:
        self._batch, self._work, self._begins_late = batch, work, begins_late
        self._under_way: dict[asyncio.Task[TaskDone[In]], QueueTask[In]] = {}
        self._done: list[asyncio.Task[TaskDone[In]]] = []
        self._next_claim_at = self._written_at = 0.0
        self._may_be_more = True

    async def run(self) -> QueueWorked:
        """Work until the batch is over, and return what became of the tasks."""
        self._start(await self._batch.resume())
        try:
            while True:
                if self._is_time_to_claim():
                    await self._claim()
                if not self._under_way:
                    return await self._batch.report()
                await self._stirs()
                if self._batch.beginnings.are_on_the_way:
                    await asyncio.sleep(GATHER_BEGINNINGS.total_seconds())
                await self._write()
        finally:
            try:
                if self._under_way:
                    await _break_off(self._under_way, self._batch)
            finally:
                self._batch.end()

    def _is_time_to_claim(self) -> bool:
        free = self._batch.queue.page - len(self._under_way)
        enough = self._may_be_more and SHARE_TO_CLAIM * free >= self._batch.queue.page
        return enough or not self._under_way or time.monotonic() >= self._next_claim_at

    async def _claim(self) -> None:
        free = self._batch.queue.page - len(self._under_way)
        tasks = await self._batch.claim(free)
        self._may_be_more = len(tasks) == free
        pause = CLAIM_AT_LEAST_EVERY if self._may_be_more else CLAIM_EVERY
        self._next_claim_at = time.monotonic() + pause.total_seconds()
        self._start(tasks)

    def _start(self, tasks: Sequence[QueueTask[In]]) -> None:
        for task in tasks:
            if self._batch.is_suspected(task):
                working = asyncio.create_task(self._batch.try_alone(task))
            else:
                working = asyncio.create_task(_by_itself(self._work, task, self._begins_late))
            self._under_way[working] = task
            working.add_done_callback(self._note_done)

    def _note_done(self, working: "asyncio.Task[TaskDone[In]]") -> None:
        self._done.append(working)
        self._batch.stirred.set()

    async def _stirs(self) -> None:
        """Wait until there is something to write, or it is time to claim."""
        stirred = self._batch.stirred
        while not self._is_time_to_write():
            ends = self._next_claim_at
            if self._done:
                ends = min(ends, self._written_at + GATHER.total_seconds())
            left = ends - time.monotonic()
            if left <= 0:
                return
            stirred.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await stirred.wait()

    def _is_time_to_write(self) -> bool:
        beginnings = self._batch.beginnings
        # What is done frees places for what waits to begin.
        may_begin = beginnings.may_be_written or (beginnings.are_waiting and bool(self._done))
        return may_begin or len(self._done) == len(self._under_way)

    async def _write(self) -> None:
        """Acknowledge what is done, and write what begins: one transaction."""
        done, self._done = self._done, []
        if done or self._batch.beginnings.may_be_written:
            self._written_at = time.monotonic()
            await self._batch.acknowledge([each.result() for each in done])
        for each in done:
            del self._under_way[each]


async def _by_itself(work: Work[In], task: QueueTask[In], begins_late: bool) -> TaskDone[In]:
    note_work(task_id=task.id)
    try:
        if not begins_late:
            await task.begin()
        return TaskDone(task, await work(task))
    except Exception as error:  # noqa: BLE001  # it became of this task
        return TaskDone(task, error)


async def _break_off(under_way: "dict[asyncio.Task[TaskDone[In]], QueueTask[In]]", batch: Batch[In]) -> None:
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
