"""Users: storing them, holding them for a transaction, and whom a mail goes to."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.people import User
from mainspring.domain.quiet_hours import QuietHours, quiet_hours
from mainspring.storage.dialect import chunks, is_postgresql, upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables import WishlistUserRow

# A workspace, and the id of a user in it.
UserKey = tuple[str, str]

# Rows that are read at once where many are looked through.
PAGE = 1_000

# Said by an entry they are overwritten, left out they stay.
ALERTS = frozenset({"sale_alerts", "stock_alerts", "reminders", "reminders_by_mail", "reminders_by_push"})


@dataclass(frozen=True)
class Addressee:
    """A user who is to get a mail. `email` is absent when the user is gone."""

    user_id: str
    email: str | None
    quiet: QuietHours | None
    mailed_at: datetime | None


def addressee(user_id: str, row: WishlistUserRow | None) -> Addressee:
    """Return a user who may be gone."""
    if row is None:
        return Addressee(user_id, None, None, None)
    quiet = quiet_hours(row.time_zone, row.quiet_from, row.quiet_until)
    return Addressee(user_id, row.email, quiet, row.mailed_at)


async def hold_users(session: AsyncSession, users: Collection[UserKey]) -> None:
    """Keep everybody else from writing, planning, claiming and settling what these users are told.

    A transaction that writes what several users are told calls this first: the users are held in the order
    of their keys, so no two writers wait for each other. New rows that only refer to users go on being
    stored.
    """
    if not is_postgresql(session):
        return  # SQLite's transactions have held the one write lock from their beginning
    key = WishlistUserRow.workspace, WishlistUserRow.id
    for some in chunks(sorted(users)):
        locked = select(WishlistUserRow.id).where(tuple_(*key).in_(some))
        await session.execute(locked.order_by(*key).with_for_update(key_share=True))


# A user whose id is shorter has a link that says the id itself.
SHORTEST_LONG_ID = 90


async def user_with_long_id(session: AsyncSession, is_it: Callable[[str, str], bool]) -> UserKey | None:
    """Return the user of whom `is_it` says so of workspace and id, among those whose ids are long."""
    size = func.length(WishlistUserRow.workspace) + func.length(WishlistUserRow.id)
    query = select(WishlistUserRow.workspace, WishlistUserRow.id).where(size >= SHORTEST_LONG_ID)
    async for row in await session.stream(query.execution_options(yield_per=PAGE)):
        if is_it(row.workspace, row.id):
            return row.workspace, row.id
    return None


class UserRepository(Repository):
    """A workspace's users, inside the caller's transaction. Storing the same again changes nothing."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    @property
    def _is_own(self) -> ColumnElement[bool]:
        return WishlistUserRow.workspace == self._workspace

    async def store(self, users: Sequence[User], *, now: datetime) -> set[str]:
        """Insert or overwrite users; return the ids of those who are in another zone than before.

        Alerts that are left out stay as they are; new users have them.
        """
        zones = await self._zones([each.id for each in users])
        common = {"workspace": self._workspace, "mailed_at": None, "updated_at": now}
        rows = [each.model_dump() | common | _says(each) for each in users]
        await upsert(
            self._session,
            WishlistUserRow,
            rows,
            keep=frozenset({"mailed_at"}),
            keep_unsaid=ALERTS,
        )
        newest = {each.id: each.time_zone for each in users}
        return {each for each, zone in newest.items() if zones.get(each, zone) != zone}

    async def _zones(self, user_ids: Collection[str]) -> dict[str, str]:
        """Return the zone of each of these users who is there."""
        found: dict[str, str] = {}
        for some in chunks(sorted(set(user_ids))):
            query = select(WishlistUserRow.id, WishlistUserRow.time_zone)
            rows = await self._session.execute(query.where(self._is_own, WishlistUserRow.id.in_(some)))
            found |= {row.id: row.time_zone for row in rows}
        return found

    async def find(self, *, after: str = "", limit: int) -> list[User]:
        """Return users in the order of their ids, those that come after `after`."""
        query = select(WishlistUserRow).where(self._is_own, WishlistUserRow.id > after)
        page = query.order_by(WishlistUserRow.id).limit(limit)
        return [_user(row) for row in await self._session.scalars(page)]

    async def of_ids(self, user_ids: Collection[str]) -> dict[str, User]:
        """Return those of these users who are there, by their ids."""
        found: dict[str, User] = {}
        for some in chunks(sorted(user_ids)):
            query = select(WishlistUserRow).where(self._is_own, WishlistUserRow.id.in_(some))
            rows = await self._session.scalars(query.execution_options(populate_existing=True))
            found |= {row.id: _user(row) for row in rows}
        return found

    async def get(self, user_id: str) -> User | None:
        """Return a user; None when there is none of this id."""
        row = await self._session.get(WishlistUserRow, (self._workspace, user_id))
        return None if row is None else _user(row)

    async def remove(self, user_id: str) -> bool:
        """Remove a user and the user's wishes; return whether the user was there."""
        result = await self._session.execute(
            delete(WishlistUserRow).where(self._is_own, WishlistUserRow.id == user_id)
        )
        return bool(getattr(result, "rowcount", 0))

    async def known(self, user_ids: Collection[str], *, kept: bool = False) -> set[str]:
        """Return which of these users there are; with `kept` nobody removes them meanwhile."""
        known: set[str] = set()
        for chunk in chunks(sorted(user_ids)):
            query = select(WishlistUserRow.id).where(self._is_own, WishlistUserRow.id.in_(chunk))
            if kept:
                query = query.with_for_update(read=True, key_share=True)
            known |= set(await self._session.scalars(query))
        return known

    async def switch_off(self, user_id: str, alerts: Collection[str], *, now: datetime) -> bool:
        """Switch off some of `ALERTS`; return whether there is such a user."""
        values: dict[str, Any] = {"updated_at": now, **dict.fromkeys(alerts, False)}
        result = await self._session.execute(
            update(WishlistUserRow).where(self._is_own, WishlistUserRow.id == user_id).values(values)
        )
        return bool(getattr(result, "rowcount", 0))

    async def hold(self, user_ids: Collection[str]) -> None:
        """Hold these users, as `hold_users` does those of several workspaces."""
        await hold_users(self._session, {(self._workspace, each) for each in user_ids})

    async def addressees(self, user_ids: Sequence[str]) -> list[Addressee]:
        """Return these users, whom the caller holds, as they are now."""
        query = select(WishlistUserRow).where(self._is_own, WishlistUserRow.id.in_(user_ids))
        fresh = query.execution_options(populate_existing=True)
        rows = {row.id: row for row in await self._session.scalars(fresh)}
        return [addressee(user_id, rows.get(user_id)) for user_id in user_ids]

    async def note_mailed(self, user_ids: Sequence[str], *, now: datetime) -> None:
        """Note when users, whom the caller holds, were last sent a mail."""
        for some in chunks(user_ids):
            await self._session.execute(
                update(WishlistUserRow)
                .where(self._is_own, WishlistUserRow.id.in_(some))
                .values(mailed_at=now)
                .execution_options(synchronize_session=False)
            )


def _says(user: User) -> dict[str, bool]:
    return {f"says_{name}": name in user.model_fields_set for name in ALERTS}


def _user(row: WishlistUserRow) -> User:
    return User.model_construct(**{name: getattr(row, name) for name in User.model_fields})
