"""Writing many rows at once, on both databases."""

from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import DBAPIError

from mainspring.storage.database import Database
from mainspring.storage.dialect import upsert
from mainspring.storage.shop.products import SEEN
from mainspring.storage.tables import GameRow, WishedProductRow
from mainspring.testing.shifted_clock import ShiftedClock


async def test_of_two_values_with_one_key_the_last_is_written(database: Database) -> None:
    """PostgreSQL itself would refuse the statement."""
    await store(
        database, [{"id": "a", "name": "First"}, {"id": "b", "name": "B"}, {"id": "a", "name": "Last"}]
    )

    assert {"a": "Last", "b": "B"} == await names(database)


async def test_a_text_that_is_too_long_is_refused_and_not_cut(
    postgresql_database: Database,
) -> None:
    """PostgreSQL cuts what is cast to a length, without a word; SQLite knows no lengths."""
    with pytest.raises(DBAPIError):
        await store(postgresql_database, [{"id": "x" * 201, "name": "X"}])

    assert {} == await names(postgresql_database)


async def test_what_the_database_may_not_hold_is_replaced(database: Database) -> None:
    """In each of many rows."""
    await store(database, [{"id": "a", "name": "A\0"}, {"id": "b", "name": "B\ud800"}])

    assert {"a": "A\ufffd", "b": "B\ufffd"} == await names(database)


async def test_kept_columns_and_absent_values_stay(database: Database) -> None:
    """A row that is overwritten keeps what is asked to be kept; None is written as NULL."""
    await products(database, sale_price_cents=100, seen_on_sale=True)
    await products(database, sale_price_cents=None, seen_on_sale=False)

    query = select(WishedProductRow.sale_price_cents, WishedProductRow.seen_on_sale)
    (row,) = await database.read(lambda session: _all(session, query))
    assert (None, True) == (row.sale_price_cents, row.seen_on_sale)


async def test_a_thousand_rows_are_one_statement_on_postgresql(postgresql_database: Database) -> None:
    """An array for each column, where SQLite takes a thousand quick calls."""
    calls: list[tuple[str, bool]] = []

    def note(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, many: bool) -> None:
        calls.append((statement[:6], many))

    event.listen(postgresql_database.engine.sync_engine, "after_cursor_execute", note)
    await store(postgresql_database, [{"id": f"{n:04}", "name": "x"} for n in range(1_000)])

    assert [("INSERT", False)] == [call for call in calls if call[0] == "INSERT"]


async def products(database: Database, **columns: Any) -> None:
    row = {
        "workspace": "default",
        "id": "p",
        "name": "Lamp",
        "url": "https://shop.example/p",
        "image_url": None,
        "currency": "EUR",
        "price_cents": 200,
        "sale_starts_at": None,
        "sale_ends_at": None,
        "stock": 1,
        "updated_at": ShiftedClock().now(),
        "sale_episode": 0,
        "seen_sold_out": False,
        "stock_episode": 0,
        "restocked_at": None,
    }
    await database.transact(lambda session: upsert(session, WishedProductRow, [row | columns], keep=SEEN))


async def store(database: Database, rows: list[dict[str, Any]]) -> None:
    await database.transact(lambda session: upsert(session, GameRow, rows))


async def names(database: Database) -> dict[str, str]:
    found = await database.read(lambda session: _all(session, select(GameRow.id, GameRow.name)))
    return {row.id: row.name for row in found}


async def _all(session: Any, query: Any) -> list[Any]:
    return list(await session.execute(query))
