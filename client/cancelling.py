"""Cancelling tasks for callers from outside: one, or a bounded number of those that a filter finds."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from mainspring.activities.runtime.patience import unless_silent
from mainspring.client.errors import ClientError, TaskEndedAlready
from mainspring.client.jobs import Jobs
from mainspring.client.tasks.availability import ENGINE_AWAY, availability
from mainspring.contracts.tasks import ACTIVE_STATES, Task, TaskFilter, TaskState
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import TransientError
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database, Session
from mainspring.storage.dialect import chunks
from mainspring.storage.ledger import TaskWriter

log = structlog.get_logger(__name__)

# A call cancels so many tasks at most: the caller has its answer within seconds, and calls again.
MOST_CANCELLED = 1_000

# So many wishes are written in a transaction, and so many calls to Temporal are under way.
WRITTEN_TOGETHER = 100
TOLD_TOGETHER = 20

NOTED = "noted; Temporal does not answer, and is told when it is back"


class CountDiffers(ClientError):
    """A filter finds another number of tasks than the caller expects."""

    def __init__(self, expected: int, found: int) -> None:
        super().__init__(
            f"expect: {expected} is not accepted: the filter finds {found}; nothing was cancelled"
        )
        self.expected, self.found = expected, found


@dataclass(frozen=True)
class Cancellation:
    """A task that was asked to cancel itself; `note` says why that takes long, if it does."""

    task: Task
    note: str | None = None


@dataclass(frozen=True)
class Cancellations:
    """How many tasks were cancelled, or would be; `more` says that the filter finds further ones."""

    count: int
    more: bool


class Cancelling:
    """Cancels tasks of a workspace. While Temporal is away the wish is kept, and the relay passes it on."""

    def __init__(self, database: Database, jobs: Jobs, temporal: TemporalGateway, clock: Clock) -> None:
        self._database = database
        self._jobs = jobs
        self._temporal = temporal
        self._clock = clock

    async def cancel(self, task_id: UUID) -> Cancellation:
        """Ask a task to cancel itself; what it has done so far stays.

        Raises TaskUnknown: when the workspace has no such task.
        Raises TaskEndedAlready: when the task has succeeded or failed.
        """
        task = await self._jobs.tasks.get(task_id)
        if task.state is TaskState.CANCELLED:
            return Cancellation(task)
        if task.state.is_final:
            raise TaskEndedAlready(task)
        was_told = await self._jobs.ask_to_cancel(task_id)
        is_away = not was_told and await availability(self._temporal) == ENGINE_AWAY
        return Cancellation(await self._jobs.tasks.get(task_id), NOTED if is_away else None)

    async def cancel_matching(
        self, chosen: TaskFilter, *, dry_run: bool = False, expect: int | None = None
    ) -> Cancellations:
        """Ask the active tasks of a filter to cancel themselves, up to a thousand of them, the newest first.

        Tasks that were asked before count no more. With `dry_run` nothing is cancelled.

        Raises CountDiffers: when the filter finds another number of tasks than `expect`.
        Raises UnknownJob: when the filter names a job that is not catalogued.
        """
        states = frozenset(chosen.states & ACTIVE_STATES if chosen.states else ACTIVE_STATES)
        active = chosen.model_copy(update={"states": states, "asked_to_cancel": False})
        found = await self._jobs.tasks.find(active, limit=MOST_CANCELLED + 1) if states else []
        tasks, more = found[:MOST_CANCELLED], len(found) > MOST_CANCELLED
        if expect is not None and expect != len(tasks):
            raise CountDiffers(expect, len(tasks))
        if not dry_run:
            for part in chunks(tasks, WRITTEN_TOGETHER):
                await self._cancel(part)
        return Cancellations(len(tasks), more)

    async def _cancel(self, tasks: Sequence[Task]) -> None:
        now = self._clock.now()

        async def write(session: Session) -> list[Task]:
            writer = TaskWriter(session)
            by_id = sorted(tasks, key=lambda task: task.id)
            return [task for task in by_id if await writer.request_cancel(task.id, now=now)]

        known = await self._database.transact(write)
        await unless_silent(self._tell([task for task in known if not task.is_pooled]), self._temporal)

    async def _tell(self, tasks: Sequence[Task]) -> None:
        slots = asyncio.Semaphore(TOLD_TOGETHER)

        async def tell(task: Task) -> None:
            async with slots:
                try:
                    await self._temporal.cancel(task.workflow_id, task.run_id)
                except TransientError as error:
                    log.warning("cancellation not passed on yet", task_id=str(task.id), error=str(error))

        await asyncio.gather(*map(tell, tasks))
