"""The suspected tasks of a batch: one after the other in a process of their own, beside the batch itself."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from uuid import UUID

import structlog

from mainspring.activities.runtime.isolation import Died, Suspects, WorkerDied
from mainspring.activities.runtime.queue.leases import ClaimLost
from mainspring.contracts.queues import WorkQueue
from mainspring.contracts.tasks import TaskState

log = structlog.get_logger(__name__)

# One after the other would take long where hundreds were under way. Of a crowd some are tried together: a
# death has few companions then, and the death that fails a task is always one under the task alone.
CROWD = 20
TOGETHER = 25


class NotTried(Exception):
    """The process has ended in order before the task's turn came, or another attempt has the task."""


class AloneWorker:
    """Has suspected tasks worked in isolation, where they are prepared, stored and acknowledged as well."""

    def __init__(
        self,
        suspects: Suspects,
        claim: str,
        job: str,
        *,
        place: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        self._suspects, self._claim, self._job = suspects, claim, job
        # Held while the process works: what is on the way there is the worker's to count.
        self._place = place
        # Those that are not over: how often their workers died, and where their states are awaited.
        self._deaths: dict[UUID, int] = {}
        self._states: dict[UUID, asyncio.Future[TaskState]] = {}
        self._begun: Sequence[UUID] = ()
        self._running: asyncio.Task[None] | None = None

    async def work(self, task_id: UUID, deaths: int) -> TaskState:
        """Return the state of a task when it was worked, or when it was its turn and is to be tried later.

        WorkerDied: when it has killed too many processes. ClaimLost: when another attempt has taken it.
        """
        state: asyncio.Future[TaskState] = asyncio.get_running_loop().create_future()
        self._deaths[task_id], self._states[task_id] = deaths, state
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run())
        try:
            return await state
        except asyncio.CancelledError:
            self._running.cancel()
            await asyncio.wait({self._running})
            raise

    async def _run(self) -> None:
        while self._deaths:
            # Those that a page has brought together are one order.
            await asyncio.sleep(0)
            order = self._order()
            log.warning("trying tasks alone", job=self._job, tasks=len(order.only), together=order.together)
            self._begun = ()
            try:
                async with self._place():
                    await self._suspects.run_order(order, self._heard)
            except Died as error:
                if self._begun:
                    await self._blame(self._begun)
                else:
                    self._give_up(order, error)
            except Exception as error:  # noqa: BLE001  # the isolation's, or the database's: no task's
                self._give_up(order, error)
            else:
                self._give_up(order, NotTried(NotTried.__doc__))

    def _order(self) -> WorkQueue:
        """Return what is tried next: of a crowd some together, and everything that may be blamed alone."""
        most = self._suspects.most_deaths
        crowd = [each for each, deaths in self._deaths.items() if deaths == 1 and deaths + 1 < most]
        if len(crowd) > CROWD:
            return WorkQueue(job=self._job, only=tuple(crowd), together=TOGETHER)
        return WorkQueue(job=self._job, only=tuple(self._deaths))

    def _heard(self, task_ids: Sequence[str], state: str | None) -> None:
        tasks = [UUID(each) for each in task_ids]
        if state is None:
            self._begun = tasks
        else:
            for each in tasks:
                self._over(each, TaskState(state))

    def _over(self, task_id: UUID, state: TaskState | Exception) -> None:
        self._deaths.pop(task_id, None)
        awaited = self._states.pop(task_id, None)
        if awaited is None or awaited.done():
            return
        if isinstance(state, Exception):
            awaited.set_exception(state)
        else:
            awaited.set_result(state)

    def _give_up(self, order: WorkQueue, error: Exception) -> None:
        for task_id in order.only:
            self._over(task_id, error)

    async def _blame(self, task_ids: Sequence[UUID]) -> None:
        for task_id in task_ids:
            if task_id in self._deaths:  # or else the process has died after the task's end
                await self._count(task_id)

    async def _count(self, task_id: UUID) -> None:
        """Count the death. The task is tried again after the others, unless it has killed too many."""
        deaths = await self._suspects.count_of_claim(self._claim, task_id, self._deaths.pop(task_id) + 1)
        if deaths is None:
            self._over(task_id, ClaimLost(ClaimLost.__doc__))
        elif deaths >= self._suspects.most_deaths:
            self._over(task_id, WorkerDied(deaths))
        else:
            self._deaths[task_id] = deaths
