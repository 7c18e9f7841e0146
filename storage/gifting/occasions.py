"""Occasions, as the platform tells them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.gifting.occasions import Occasion
from mainspring.storage.dialect import chunks, upsert
from mainspring.storage.gifting.planning import ReminderPlanner, Zoned
from mainspring.storage.people import UserRepository
from mainspring.storage.repository import Repository
from mainspring.storage.tables import WishlistUserRow
from mainspring.storage.tables.gifting.occasions import OccasionRow


class OccasionRepository(Repository):
    """A workspace's occasions with their reminders, inside the caller's transaction.

    Storing the same again changes nothing.
    """

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace
        self._planner = ReminderPlanner(session)

    @property
    def _is_own(self) -> ColumnElement[bool]:
        return OccasionRow.workspace == self._workspace

    async def store(self, occasions: Sequence[Occasion], *, now: datetime) -> set[str]:
        """Insert or overwrite occasions and plan their reminders; return the users who are not known.

        The occasions of these are left out. Of two occasions with the same id the last one wins.
        """
        newest = {each.id: each for each in occasions}
        users = {each.user_id for each in newest.values()}
        known = await UserRepository(self._session, self._workspace).known(users, kept=True)
        stored = [each for each in newest.values() if each.user_id in known]
        await upsert(self._session, OccasionRow, [self._row(each, now) for each in stored])
        await self._planner.replan(await self._zoned([each.id for each in stored]), now=now)
        return users - known

    async def replan_of(self, user_ids: Collection[str], *, now: datetime) -> None:
        """Plan anew what these users, whose zone has changed, are reminded of by their own zone."""
        for some in chunks(sorted(user_ids)):
            query = (
                select(OccasionRow.id)
                .where(self._is_own, OccasionRow.user_id.in_(some), OccasionRow.time_zone.is_(None))
                .order_by(OccasionRow.id)
                .with_for_update()
            )
            ids = list(await self._session.scalars(query))
            await self._planner.replan(await self._zoned(ids), now=now)

    async def get(self, occasion_id: str) -> Zoned | None:
        """Return an occasion with its zone; None when there is none of this id."""
        found = await self._zoned([occasion_id])
        return found[0] if found else None

    async def find(self, *, user_id: str | None = None, after: str = "", limit: int) -> list[Occasion]:
        """Return occasions in the order of their ids, those that come after `after`."""
        query = select(OccasionRow).where(self._is_own, OccasionRow.id > after)
        if user_id is not None:
            query = query.where(OccasionRow.user_id == user_id)
        rows = await self._session.scalars(query.order_by(OccasionRow.id).limit(limit))
        return [occasion_of(row) for row in rows]

    async def remove(self, occasion_id: str) -> bool:
        """Remove an occasion, and its reminders that are not being sent; return whether it was there."""
        result = await self._session.execute(
            delete(OccasionRow).where(self._is_own, OccasionRow.id == occasion_id)
        )
        await self._planner.forget(self._workspace, [occasion_id])
        return bool(getattr(result, "rowcount", 0))

    async def _zoned(self, occasion_ids: Sequence[str]) -> list[Zoned]:
        found: list[Zoned] = []
        for some in chunks(occasion_ids):
            found += await zoned_occasions(self._session, self._workspace, some)
        return found

    def _row(self, occasion: Occasion, now: datetime) -> dict[str, Any]:
        values = occasion.model_dump() | {"offsets": " ".join(map(str, occasion.offsets))}
        return {"workspace": self._workspace, "updated_at": now, **values}


async def zoned_occasions(
    session: AsyncSession, workspace: str, occasion_ids: Collection[str], *, held: bool = False
) -> list[Zoned]:
    """Return occasions with their zones, in the order of their ids; with `held` nobody changes them."""
    query = (
        select(OccasionRow, WishlistUserRow.time_zone)
        .join(
            WishlistUserRow,
            (WishlistUserRow.workspace == OccasionRow.workspace)
            & (WishlistUserRow.id == OccasionRow.user_id),
        )
        .where(OccasionRow.workspace == workspace, OccasionRow.id.in_(occasion_ids))
        .order_by(OccasionRow.id)
        .execution_options(populate_existing=True)
    )
    if held:
        query = query.with_for_update(of=OccasionRow)
    rows = await session.execute(query)
    return [Zoned(workspace, occasion_of(row), row.time_zone or zone) for row, zone in rows]


def occasion_of(row: OccasionRow) -> Occasion:
    """Return a row as a message."""
    return Occasion.restore({name: getattr(row, name) for name in Occasion.model_fields})
