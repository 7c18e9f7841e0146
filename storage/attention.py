"""What of the ledger needs a person's attention, over all workspaces: `mainspring doctor` says it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from mainspring.contracts.effects import EffectState
from mainspring.contracts.tasks import TaskState
from mainspring.storage.ledger.failures import OPEN
from mainspring.storage.repository import Repository
from mainspring.storage.tables import EffectRow, TaskErrorRow, TaskRow
from mainspring.storage.tables.effects import OPEN_EFFECT
from mainspring.storage.tables.tasks import ACTIVE

# What waits until it is mended is tried every five minutes at least: an older failure is over.
RECENT = timedelta(minutes=10)

# Nobody reads more reasons than that; the tasks that are looked at are as many at most.
MOST_REASONS = 5
MOST_TASKS = 1_000


@dataclass(frozen=True)
class Reason:
    """So many tasks are kept by the same; `until` is when the first of them goes on, if that is known."""

    tasks: int
    words: str
    until: datetime | None = None


class Attention(Repository):
    """Counts what waits for a person, inside the caller's transaction."""

    async def failed(self) -> int:
        """Return how many failed tasks were neither retried nor dismissed."""
        return await self._session.scalar(select(func.count()).where(OPEN)) or 0

    async def refused_keys(self) -> list[Reason]:
        """Return the failures of keys that a vendor has refused."""
        query = (
            select(func.count(), func.max(TaskRow.error_message))
            .where(OPEN, TaskRow.error_type == "CredentialsRefused")
            .group_by(TaskRow.fingerprint)
            .order_by(func.count().desc())
            .limit(MOST_REASONS)
        )
        return [Reason(count, words or "") for count, words in await self._session.execute(query)]

    async def in_doubt(self) -> int:
        """Return how many effects wait for a person to say whether they have arrived."""
        query = select(func.count()).where(OPEN_EFFECT, EffectRow.state == EffectState.UNKNOWN)
        return await self._session.scalar(query) or 0

    async def waiting(self) -> Sequence[Reason]:
        """Return what tasks wait for: for which quotas, above all."""
        query = (
            select(func.count(), TaskRow.waiting_for, func.min(TaskRow.resumes_at))
            .where(ACTIVE, TaskRow.state == TaskState.WAITING)
            .group_by(TaskRow.waiting_for)
            .order_by(func.count().desc())
            .limit(MOST_REASONS)
        )
        return [
            Reason(count, words or "", until) for count, words, until in await self._session.execute(query)
        ]

    async def failing(self, *, now: datetime) -> Sequence[Reason]:
        """Return why attempts of running tasks have failed a moment ago."""
        running = select(TaskRow.id).where(ACTIVE, TaskRow.state == TaskState.RUNNING)
        some = running.order_by(TaskRow.created_at).limit(MOST_TASKS).subquery()
        query = (
            select(func.count(TaskErrorRow.task_id.distinct()), TaskErrorRow.message)
            .join(some, some.c.id == TaskErrorRow.task_id)
            .where(TaskErrorRow.at >= now - RECENT)
            .group_by(TaskErrorRow.message)
            .order_by(func.count(TaskErrorRow.task_id.distinct()).desc())
            .limit(MOST_REASONS)
        )
        return [Reason(count, words) for count, words in await self._session.execute(query)]
