"""Users: what the platform tells of them, when they were last mailed, and holding them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from mainspring.contracts.people import User
from mainspring.storage.dialect import chunks, merged, upsert
from mainspring.storage.people.addressees import Addressee, addressee
from mainspring.storage.repository import Repository
from mainspring.storage.tables import WishlistUserRow

# Said by an entry they are overwritten, left out they stay.
ALERTS = frozenset({"sale_alerts", "stock_alerts"})


class UserRepository(Repository):
    """The users, inside the caller's transaction. Storing the same again changes nothing."""

    async def store(self, users: Sequence[User], *, now: datetime) -> None:
        """Insert or overwrite users. Alerts that are left out stay as they are; new users have them."""
        rows = [each.model_dump() | {"mailed_at": None, "updated_at": now} | _says(each) for each in users]
        await upsert(
            self._session,
            WishlistUserRow,
            merged(rows, ("id",), ALERTS),
            keep=frozenset({"mailed_at"}),
            keep_unsaid=ALERTS,
        )

    async def known(self, user_ids: Collection[str]) -> set[str]:
        """Return which of these users there are."""
        known: set[str] = set()
        for chunk in chunks(sorted(user_ids)):
            query = select(WishlistUserRow.id).where(WishlistUserRow.id.in_(chunk))
            known |= set(await self._session.scalars(query))
        return known

    async def unsubscribe(self, user_id: str, *, sales: bool, stock: bool, now: datetime) -> bool:
        """Switch alerts off; return whether there is such a user."""
        values: dict[str, Any] = {"updated_at": now}
        if sales:
            values["sale_alerts"] = False
        if stock:
            values["stock_alerts"] = False
        result = await self._session.execute(
            update(WishlistUserRow).where(WishlistUserRow.id == user_id).values(values)
        )
        return bool(getattr(result, "rowcount", 0))

    async def hold(self, user_ids: Collection[str]) -> None:
        """Keep everybody else from writing, planning, claiming and settling what these users are told.

        A transaction that writes what several users are told calls this first: the users are held in the
        order of their ids, so no two writers wait for each other. New rows that only refer to users go on
        being stored.
        """
        for some in chunks(sorted(user_ids)):
            held = select(WishlistUserRow.id).where(WishlistUserRow.id.in_(some))
            await self._session.execute(held.order_by(WishlistUserRow.id).with_for_update(key_share=True))

    async def addressees(self, user_ids: Sequence[str]) -> list[Addressee]:
        """Return these users, whom the caller holds, as they are now."""
        query = select(WishlistUserRow).where(WishlistUserRow.id.in_(user_ids))
        fresh = query.execution_options(populate_existing=True)
        rows = {row.id: row for row in await self._session.scalars(fresh)}
        return [addressee(user_id, rows.get(user_id)) for user_id in user_ids]

    async def note_mailed(self, user_ids: Sequence[str], *, now: datetime) -> None:
        """Note when users were last sent a mail."""
        await self.hold(user_ids)
        for some in chunks(user_ids):
            await self._session.execute(
                update(WishlistUserRow).where(WishlistUserRow.id.in_(some)).values(mailed_at=now)
            )


def _says(user: User) -> dict[str, bool]:
    return {f"says_{name}": name in user.model_fields_set for name in ALERTS}
