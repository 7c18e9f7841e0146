"""What has become of the notifications so far."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.effects import EffectState
from mainspring.contracts.tasks import TaskState
from mainspring.storage.repository import Repository
from mainspring.storage.tables import EffectRow, NotificationRow, TaskRow
from mainspring.storage.wishlist.mails import HELD


@dataclass(frozen=True)
class Outcomes:
    """How many notifications are in each state, and the skipped ones by their reasons.

    `waiting` mails are intended; the turn of the first one is at `next_at`, which may be past.
    """

    states: dict[str, int]
    skipped: dict[str, int]
    waiting: int
    next_at: datetime | None


class OutcomeRepository(Repository):
    """Looks at a workspace's notifications, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def outcomes(self) -> Outcomes:
        """Count all notifications, in their index, and the mails that wait: two queries."""
        note = NotificationRow
        query = (
            select(note.state, note.reason, func.count())
            .where(note.workspace == self._workspace)
            .group_by(note.state, note.reason)
        )
        states = dict.fromkeys(("due", "sent", "failed", "skipped"), 0)
        skipped: dict[str, int] = {}
        for state, reason, count in await self._session.execute(query):
            states[state] += count
            if state == "skipped":
                skipped[reason or ""] = count
        waiting, next_at = await self._waiting()
        return Outcomes(states, dict(sorted(skipped.items())), waiting, next_at)

    async def _waiting(self) -> tuple[int, datetime | None]:
        """Count the mails that are intended and hold something, and say when the first one's turn is."""
        holds = select(NotificationRow.id).where(NotificationRow.effect_id == EffectRow.id, HELD)
        waits_for = case(
            (TaskRow.state == TaskState.QUEUED, TaskRow.starts_at), else_=TaskRow.next_attempt_at
        )
        turn = func.coalesce(waits_for, TaskRow.created_at)
        query = (
            select(func.count(), func.min(turn))
            .select_from(EffectRow)
            .join(TaskRow, TaskRow.id == EffectRow.task_id)
            .where(
                EffectRow.workspace == self._workspace,
                EffectRow.state == EffectState.INTENDED,
                TaskRow.state.in_((TaskState.QUEUED, TaskState.RUNNING)),
                holds.exists(),
            )
        )
        count, first = (await self._session.execute(query)).one()
        return count, first
