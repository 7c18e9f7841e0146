"""Collections: replaced whole, and read whole."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.gifting.collections import DraftCollection, Surface, ThemeKind
from mainspring.storage.dialect import upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables.gifting import CollectionRow

# For so long a surface can be shown as it was.
KEPT = dt.timedelta(days=30)


@dataclass(frozen=True)
class StoredDay:
    """The collections of a surface and a day."""

    date: dt.date
    generated_at: datetime
    collections: tuple[DraftCollection, ...]


class CollectionRepository(Repository):
    """The collections of a workspace, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def replace(
        self, surface: Surface, date: dt.date, collections: Sequence[DraftCollection], *, now: datetime
    ) -> None:
        """Put collections in the place of those of a surface and a day; very old ones are removed.

        Two who replace the same day wait for one another: the later one's are there.
        """
        place = {"workspace": self._workspace, "surface": surface.value, "date": date, "generated_at": now}
        rows = [
            place | {"position": position, **each.model_dump(mode="json")}
            for position, each in enumerate(collections)
        ]
        await upsert(self._session, CollectionRow, rows)
        row = CollectionRow
        of_day = (row.date == date) & (row.position >= len(rows))
        await self._session.execute(
            delete(row).where(self._is_of(surface), of_day | (row.date < date - KEPT))
        )

    async def latest(self, surface: Surface, until: dt.date) -> StoredDay | None:
        """Return the collections of a day, or else of the last day before it that has any."""
        row = CollectionRow
        newest = select(func.max(row.date)).where(self._is_of(surface), row.date <= until)
        query = select(row).where(self._is_of(surface), row.date == newest.scalar_subquery())
        # One statement sees one state: before a replacement, or after it.
        rows = list(await self._session.scalars(query.order_by(row.position)))
        if not rows:
            return None
        return StoredDay(rows[0].date, rows[0].generated_at, tuple(_draft(each) for each in rows))

    def _is_of(self, surface: Surface) -> ColumnElement[bool]:
        return (CollectionRow.workspace == self._workspace) & (CollectionRow.surface == surface.value)


def _draft(row: CollectionRow) -> DraftCollection:
    return DraftCollection(
        kind=ThemeKind(row.kind), theme=row.theme, title=row.title, product_ids=tuple(row.product_ids)
    )
