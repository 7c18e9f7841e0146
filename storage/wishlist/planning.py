"""From notifications to mails: all that a user waits for becomes one mail, which is an effect."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, update

from mainspring.storage.repository import Repository
from mainspring.storage.tables import NotificationRow
from mainspring.storage.tables.wishlist import UNPLANNED


class PlanRepository(Repository):
    """The planning of mails, inside the caller's transaction."""

    async def waiting(self, *, limit: int) -> list[str]:
        """Return users with notifications that no mail has taken up, in the order of their ids."""
        query = (
            select(NotificationRow.user_id)
            .where(UNPLANNED)
            .distinct()
            .order_by(NotificationRow.user_id)
            .limit(limit)
        )
        return list(await self._session.scalars(query))

    async def take_up(self, mails: Mapping[str, UUID]) -> None:
        """Put all that waits for these users into their mails."""
        statement = (
            update(NotificationRow)
            .where(UNPLANNED, NotificationRow.user_id == bindparam("owner"))
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
                .where(UNPLANNED, NotificationRow.user_id.in_(user_ids))
                .values(state="skipped", reason=reason, settled_at=now)
            )
