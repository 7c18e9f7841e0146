"""What is sealed in the database, whichever table it is in: counted, and sealed again with the newest key."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import Column, select, update

from mainspring.storage.database import Database, Session
from mainspring.storage.errors import SecretUnreadable
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import Base

# How a column says that it is sealed, for its row's id.
SUFFIX = "_encrypted"
PAGE = 500


@dataclass(frozen=True)
class SealedCount:
    """How many secrets the newest key has sealed, how many a former key, and how many no key opens."""

    newest: int = 0
    former: int = 0
    unreadable: int = 0

    def __add__(self, other: "SealedCount") -> "SealedCount":
        return SealedCount(
            self.newest + other.newest,
            self.former + other.former,
            self.unreadable + other.unreadable,
        )


async def count_sealed(database: Database, box: SecretBox) -> SealedCount:
    """Count the secrets by the key that has sealed them."""
    return await _look(database, box, reseal=False)


async def reseal(database: Database, box: SecretBox) -> None:
    """Seal with the newest key what a former key has sealed, a page in a transaction."""
    await _look(database, box, reseal=True)


async def _look(database: Database, box: SecretBox, *, reseal: bool) -> SealedCount:
    count = SealedCount()
    for column in _sealed_columns():
        after: UUID | None = None
        is_last = False
        while not is_last:
            page = partial(_page, column=column, box=box, after=after, reseal=reseal)
            found, after = await (database.transact if reseal else database.read)(page)
            count, is_last = count + found, after is None
    return count


def _sealed_columns() -> Iterator[Column[Any]]:
    for table in Base.metadata.sorted_tables:
        yield from (column for column in table.columns if column.name.endswith(SUFFIX))


async def _page(
    session: Session, *, column: Column[Any], box: SecretBox, after: UUID | None, reseal: bool
) -> tuple[SealedCount, UUID | None]:
    """Return what the page after an id holds, and the last id unless no page follows."""
    row_id = column.table.columns["id"]
    query = select(row_id, column).where(column.is_not(None)).order_by(row_id).limit(PAGE)
    if after is not None:
        query = query.where(row_id > after)
    rows = (await session.execute(query)).all()
    count = SealedCount()
    for owner, sealed in rows:
        try:
            is_newest = box.is_newest(sealed, owner=str(owner))
        except SecretUnreadable:
            count += SealedCount(unreadable=1)
            continue
        count += SealedCount(newest=int(is_newest), former=int(not is_newest))
        if reseal and not is_newest:
            again = box.seal(box.open(sealed, owner=str(owner)), owner=str(owner))
            # A secret that was changed meanwhile is sealed with the newest key already.
            unchanged = (row_id == owner) & (column == sealed)
            await session.execute(update(column.table).where(unchanged).values({column.name: again}))
    return count, rows[-1][0] if len(rows) == PAGE else None
