"""The drain of a queue: one workflow for all tasks of a pooled job."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from temporalio import workflow

from workflows import options

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from activities.pools import PoolActivities

from contracts.pools import DrainPool, PoolDrained, PoolQueue, PoolSurvey, StretchWorked, SurveyPool, WorkPool

# A method of an activity class that works a stretch of the queue.
Work = Callable[[Any, WorkPool], Awaitable[StretchWorked]]

# A drain waits so long for a task to be due; for a later one the relay wakes it, which comes every minute.
WAITS_AT_MOST = timedelta(minutes=1)


async def drain(job: str, work: Work, request: DrainPool) -> PoolDrained:
    """Work the queue of a job until it is empty.

    `work` is its activity. A signal `wake` says that there are new tasks. A long drain continues as new.
    """
    return await _Drain(job, work).run(request)


class _Drain:
    def __init__(self, job: str, work: Work) -> None:
        self._job = job
        self._work = work
        self._stretches: list[asyncio.Task[StretchWorked]] = []
        self._drained = PoolDrained()
        self._woken = False
        workflow.set_signal_handler("wake", self._wake)

    def _wake(self) -> None:
        self._woken = True

    async def run(self, request: DrainPool) -> PoolDrained:
        survey = await self._survey()
        while True:
            if workflow.info().is_continue_as_new_suggested():
                while self._stretches:
                    await self._finished()
                workflow.continue_as_new(request)
            self._begin(survey)
            if self._stretches:
                survey = await self._news(survey)
            elif await self._is_worth_a_wait(survey.queue):
                survey = await self._survey()
            else:
                return self._drained

    def _begin(self, survey: PoolSurvey) -> None:
        """Begin as many stretches as there are pages due."""
        pages = -(-survey.queue.due // survey.pool.page)
        for _ in range(min(pages, survey.pool.parallel - len(self._stretches))):
            self._stretches.append(asyncio.create_task(self._stretch()))

    async def _stretch(self) -> StretchWorked:
        worked: StretchWorked = await workflow.execute_activity_method(
            self._work, WorkPool(job=self._job), **options.PAGE
        )
        return worked

    async def _news(self, survey: PoolSurvey) -> PoolSurvey:
        """Return what waits when a stretch has ended, or when new tasks have come and there is room."""
        has_room = len(self._stretches) < survey.pool.parallel
        await workflow.wait_condition(
            lambda: (self._woken and has_room) or any(each.done() for each in self._stretches)
        )
        if any(each.done() for each in self._stretches):
            return survey.model_copy(update={"queue": await self._finished()})
        return await self._survey()

    async def _finished(self) -> PoolQueue:
        """Count the stretches that are over, waiting for one, and return what the last one saw."""
        await workflow.wait_condition(lambda: any(each.done() for each in self._stretches))
        over = [each for each in self._stretches if each.done()]
        self._stretches = [each for each in self._stretches if each not in over]
        for each in over:
            worked = await each
            self._drained = PoolDrained(
                **{
                    name: getattr(self._drained, name) + getattr(worked, name)
                    for name in PoolDrained.model_fields
                }
            )
        return worked.queue

    async def _is_worth_a_wait(self, queue: PoolQueue) -> bool:
        """Wait for what is due soon, or for a wake; return False when there is nothing to wait for.

        A wake that came since the last look is seen here: what it tells of may not have been seen then. One
        that comes after this makes the engine refuse the end, and this code look again.
        """
        if self._woken:
            return True
        if queue.next_due_at is None or queue.next_due_at - workflow.now() > WAITS_AT_MOST:
            return False
        remaining = max(queue.next_due_at - workflow.now(), timedelta())
        with contextlib.suppress(TimeoutError):  # the usual end of a wait
            await workflow.wait_condition(lambda: self._woken, timeout=remaining)
        return True

    async def _survey(self) -> PoolSurvey:
        self._woken = False
        return await workflow.execute_local_activity_method(
            PoolActivities.survey, SurveyPool(job=self._job), **options.LEDGER
        )
