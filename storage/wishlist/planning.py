"""From notifications to mails: all that a user waits for becomes one mail, which is an effect."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, update

from mainspring.domain.quiet_hours import QuietHours, quiet_hours
from mainspring.storage.repository import Repository
from mainspring.storage.tables import NotificationRow, WishlistUserRow
from mainspring.storage.tables.wishlist import UNPLANNED


@dataclass(frozen=True)
class Addressee:
    """A user with notifications that no mail has taken up. `email` is absent when the user is gone."""

    user_id: str
    email: str | None
    quiet: QuietHours | None
    mailed_at: datetime | None


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

    async def addressees(self, user_ids: Sequence[str]) -> list[Addressee]:
        """Return these users, whom the caller holds, as they are now."""
        query = select(WishlistUserRow).where(WishlistUserRow.id.in_(user_ids))
        fresh = query.execution_options(populate_existing=True)
        rows = {row.id: row for row in await self._session.scalars(fresh)}
        return [_addressee(user_id, rows.get(user_id)) for user_id in user_ids]

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


def _addressee(user_id: str, row: WishlistUserRow | None) -> Addressee:
    if row is None:
        return Addressee(user_id, None, None, None)
    quiet = quiet_hours(row.time_zone, row.quiet_from, row.quiet_until)
    return Addressee(user_id, row.email, quiet, row.mailed_at)
