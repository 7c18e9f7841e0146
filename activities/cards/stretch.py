"""What every stretch of card work shares: its budget, its checkpoint, and its quota."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from activities.cards.access import Access, KeyRing
from activities.metering import Answer, MeteredCalls
from contracts.cards import StretchProgress
from gateways.clock import Clock
from storage.database import Database, Session
from storage.tasks import TaskRepository

Progress = TypeVar("Progress", bound=StretchProgress)
A = TypeVar("A", bound=Answer)

# Requests in one activity: few enough that the free plan's ten a minute take minutes, not an hour, and
# many enough that a hundred requests cost some thirty history events.
REQUESTS_PER_STRETCH = 25


class Stretch:
    """The tools of one stretch, given once to each kind of work."""

    def __init__(self, database: Database, calls: MeteredCalls, keys: KeyRing, clock: Clock) -> None:
        self._database = database
        self._calls = calls
        self._keys = keys
        self._clock = clock

    async def _resume(self, given: Progress) -> Progress:
        """Return the later of what the workflow knows and what a killed attempt left in the ledger."""
        stored = await self._database.read(lambda session: TaskRepository(session).checkpoint(given.task_id))
        if stored is None:
            return given
        left = type(given).model_validate(stored)
        return left if left.requests >= given.requests else given

    async def _call(self, access: Access, request: Callable[[], Awaitable[A]]) -> A:
        return await self._calls.call(access.holder, access.plan, access.anchor_day, request)

    async def _checkpoint(self, session: Session, progress: StretchProgress, step: str) -> None:
        await TaskRepository(session).report_progress(
            progress.task_id,
            processed=progress.processed,
            total=progress.total,
            step=step,
            checkpoint=progress.model_dump(mode="json"),
            now=self._clock.now(),
        )
