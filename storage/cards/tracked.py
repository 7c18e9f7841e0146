"""What accounts follow, and how far each listing has been stored."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.cards import TrackedItem
from mainspring.domain.cards import ListingCursor, Since
from mainspring.storage.dialect import upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TrackedGameRow, TrackedSetRow

Tracked = type[TrackedGameRow] | type[TrackedSetRow]


class TrackedRepository(Repository):
    """Tracked games or tracked sets, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, kind: Tracked) -> None:
        super().__init__(session)
        self._kind = kind
        self._item: Any = kind.game_id if kind is TrackedGameRow else kind.set_id  # type: ignore[union-attr]

    @classmethod
    def games(cls, session: AsyncSession) -> "TrackedRepository":
        """Return the games whose sets are followed."""
        return cls(session, TrackedGameRow)

    @classmethod
    def sets(cls, session: AsyncSession) -> "TrackedRepository":
        """Return the sets whose cards are followed."""
        return cls(session, TrackedSetRow)

    async def follow(self, account_id: UUID, item_ids: Sequence[str]) -> None:
        """Follow these; what is followed already stays as far as it is."""
        key = self._item.key
        rows = [
            {"account_id": account_id, key: item_id, "is_active": True, "next_offset": 0}
            for item_id in item_ids
        ]
        await upsert(self._session, self._kind, rows, keep=frozenset({"next_offset"}))

    async def unfollow(self, account_id: UUID, item_ids: Collection[str]) -> None:
        """Stop following these; what was stored stays."""
        await self._session.execute(self._of(account_id, item_ids).values(is_active=False))

    async def find(self, account_id: UUID, *, after: str = "", limit: int) -> list[TrackedItem]:
        """Return what is followed, in the order of the ids, what comes after `after`."""
        kind = self._kind
        query = select(self._item, kind.last_fetched_at, kind.refused_at).where(
            kind.account_id == account_id, kind.is_active, self._item > after
        )
        rows = await self._session.execute(query.order_by(self._item).limit(limit))
        return [TrackedItem(id=row[0], last_fetched_at=row[1], refused_at=row[2]) for row in rows]

    async def due(
        self, account_id: UUID, *, since: Since, skip: Collection[str] = (), limit: int
    ) -> list[ListingCursor]:
        """Return what was neither stored whole nor refused `since` then, begun listings first."""
        query = (
            select(self._item, self._kind.next_offset, self._kind.fetch_started_at)
            .where(self._is_due(account_id, since), self._item.not_in(skip))
            .order_by(self._kind.fetch_started_at.is_(None), self._item)
            .limit(limit)
        )
        return [ListingCursor(*row) for row in await self._session.execute(query)]

    async def count_due(self, account_id: UUID, *, since: Since) -> int:
        """Return how many `due` would give without a limit."""
        query = select(func.count()).select_from(self._kind).where(self._is_due(account_id, since))
        return await self._session.scalar(query) or 0

    async def accounts_due(self, account_ids: Collection[UUID], *, since: Since) -> list[UUID]:
        """Return which of these accounts have anything due."""
        query = (
            select(self._kind.account_id)
            .distinct()
            .where(self._kind.account_id.in_(account_ids), self._untouched(since))
            .order_by(self._kind.account_id)
        )
        return list(await self._session.scalars(query))

    async def advance(
        self,
        account_id: UUID,
        cursor: ListingCursor,
        *,
        next_offset: int | None,
        started_at: datetime,
        now: datetime,
    ) -> bool:
        """Note that a page is stored: the next one starts at `next_offset`, or None when it was the last.

        `cursor` is as `due` gave it. Returns False, and notes nothing, when another has moved it since.
        """
        done = next_offset is None
        values = {
            "next_offset": next_offset or 0,
            "fetch_started_at": None if done else started_at,
            "refused_at": None,
        } | ({"last_fetched_at": now} if done else {})
        moved = self._of(account_id, [cursor.item_id]).where(
            self._kind.next_offset == cursor.next_offset,
            self._kind.fetch_started_at.is_not_distinct_from(cursor.started_at),
        )
        result = await self._session.execute(moved.values(values))
        return bool(result.rowcount)  # type: ignore[attr-defined]  # a DML result has it

    async def mark_refused(self, account_id: UUID, item_id: str, *, now: datetime) -> None:
        """Note that this was passed over, for the vendor does not give it."""
        await self._session.execute(self._of(account_id, [item_id]).values(refused_at=now))

    def _of(self, account_id: UUID, item_ids: Collection[str]) -> Any:
        return update(self._kind).where(self._kind.account_id == account_id, self._item.in_(item_ids))

    def _is_due(self, account_id: UUID, since: Since) -> ColumnElement[bool]:
        return and_(self._kind.account_id == account_id, self._untouched(since))

    def _untouched(self, since: Since) -> ColumnElement[bool]:
        fetched, refused = self._kind.last_fetched_at, self._kind.refused_at
        return and_(
            self._kind.is_active,
            or_(fetched.is_(None), fetched < since.fetched),
            or_(refused.is_(None), refused < since.refused),
        )
