"""What the card jobs leave in a database, in a form in which two databases can be compared."""

from collections import Counter
from typing import Any

from sqlalchemy import select

from mainspring.storage.database import Database, Session
from mainspring.storage.tables import Base

TABLES = (
    "games",
    "card_sets",
    "cards",
    "variants",
    "price_history",
    "tracked_games",
    "tracked_sets",
    "inventory_items",
    "inventory_variants",
)

# When something was written differs between two runs: what has to agree is that it was.
WRITTEN = {
    "updated_at",
    "fetch_started_at",
    "last_fetched_at",
    "last_price_update_at",
    "missing_at",
}

# Each installation has one account, under an id of its own; ids of items are derived from it.
OWN = {"account_id", "item_id"}

LISTED_AT_MOST = 5

Snapshot = dict[str, Counter[tuple[object, ...]]]


async def snapshot(database: Database) -> Snapshot:
    """Return how often each table of the cards has each row."""

    async def look(session: Session) -> Snapshot:
        return {
            name: Counter(
                [
                    _comparable(name, dict(row))
                    for row in (await session.execute(select(Base.metadata.tables[name]))).mappings()
                ]
            )
            for name in TABLES
        }

    return await database.read(look)


def differences(expected: Snapshot, actual: Snapshot) -> list[str]:
    """Return the first rows of each table that are in one only; nothing when the two are equal."""
    return [
        f"{name}: {what} {row}"
        for name in TABLES
        for what, rows in (
            ("misses", expected[name] - actual[name]),
            ("has besides", actual[name] - expected[name]),
        )
        for row in list(rows)[:LISTED_AT_MOST]
    ]


def _comparable(table: str, row: dict[str, Any]) -> tuple[object, ...]:
    if table == "inventory_items":
        del row["id"]
    return tuple((name, _value(name, row[name])) for name in sorted(row.keys() - OWN))


def _value(name: str, value: Any) -> object:
    if name in WRITTEN:
        return "written" if value else "never"
    return tuple(sorted(value.items())) if isinstance(value, dict) else value
