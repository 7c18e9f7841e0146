"""What every stretch of card work shares: its budget, its checkpoint, and its quota."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from mainspring.activities.cards.credentials import Credential, Credentials
from mainspring.activities.runtime.metered_calls import Answer, RateLimitedCalls
from mainspring.contracts.cards import CardProgress
from mainspring.contracts.progress import Pause
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import TaskRepository

Progress = TypeVar("Progress", bound=CardProgress)
A = TypeVar("A", bound=Answer)

# Requests in one activity: few enough that the free plan's ten a minute take minutes, not an hour, and
# many enough that a hundred requests cost some thirty history events.
REQUESTS_PER_STRETCH = 25


class Superseded(Exception):
    """Another attempt at the same work has come as far: one of the two was taken for dead and was not.

    What this one has fetched is not stored, for it would be counted twice; the next attempt goes on from
    what the other has stored.
    """

    def __init__(self, task_id: UUID, requests: int) -> None:
        super().__init__(f"another attempt at task {task_id} has already stored request {requests}")


class Stretch:
    """The tools of one stretch, given once to each kind of work."""

    def __init__(self, database: Database, calls: RateLimitedCalls, keys: Credentials, clock: Clock) -> None:
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

    async def _call(
        self, access: Credential, progress: CardProgress, request: Callable[[], Awaitable[A]]
    ) -> A:
        async def paced(pause: Pause) -> None:
            # Too short a wait to be a state of the task, but whoever looks on is told.
            step = f"waiting for the {pause.waiting_for} until {pause.resumes_at:%H:%M:%S} UTC"
            await self._database.transact(
                lambda session: TaskRepository(session).note_step(
                    progress.task_id, step, now=self._clock.now()
                )
            )

        return await self._calls.call(access.holder, access.plan, access.anchor_day, request, paced=paced)

    async def _checkpoint(
        self, session: Session, progress: CardProgress, step: str, *, part: float = 0
    ) -> None:
        tasks = TaskRepository(session)
        stored = await tasks.checkpoint(progress.task_id, hold=True)
        if stored is not None and stored["requests"] >= progress.requests:
            raise Superseded(progress.task_id, progress.requests)
        await tasks.report_progress(
            progress.task_id,
            processed=progress.processed,
            total=progress.total,
            part=part,
            step=step,
            checkpoint=progress.model_dump(mode="json"),
            now=self._clock.now(),
        )
