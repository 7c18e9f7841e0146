"""From notifications to mails: all that a user waits for becomes one mail, which is an effect."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.storage.repository import Repository
from mainspring.storage.tables import NotificationRow
from mainspring.storage.tables.wishlist import UNPLANNED


async def workspace_to_plan(session: AsyncSession) -> str | None:
    """Return the first workspace with notifications that no mail has taken up."""
    return await session.scalar(select(func.min(NotificationRow.workspace)).where(UNPLANNED))


class PlanRepository(Repository):
    """The planning of a workspace's mails, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def waiting(self, *, limit: int) -> list[str]:
        """Return users with notifications that no mail has taken up, in the order of their ids."""
        query = (
            select(NotificationRow.user_id)
            .where(UNPLANNED, NotificationRow.workspace == self._workspace)
            .distinct()
            .order_by(NotificationRow.user_id)
            .limit(limit)
        )
        return list(await self._session.scalars(query))

    async def take_up(self, mails: Mapping[str, UUID]) -> None:
        """Put all that waits for these users into their mails."""
        statement = (
            update(NotificationRow)
            .where(
                UNPLANNED,
                NotificationRow.workspace == self._workspace,
                NotificationRow.user_id == bindparam("owner"),
            )
            .values(effect_id=bindparam("mail"))
        )
        rows = [{"owner": user_id, "mail": mail} for user_id, mail in sorted(mails.items())]
        if rows:
            connection = await self._session.connection()
            await connection.execute(statement, rows)

    async def give_up(self, user_ids: Sequence[str], reason: str, *, now: datetime) -> None:
        """Skip all that waits for users who are gone."""
        if user_ids:
            await self._session.execute(
                update(NotificationRow)
                .where(
                    UNPLANNED,
                    NotificationRow.workspace == self._workspace,
                    NotificationRow.user_id.in_(user_ids),
                )
                .values(state="skipped", reason=reason, settled_at=now)
            )
