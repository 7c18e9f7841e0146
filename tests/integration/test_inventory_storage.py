"""Inventories and what of them is due, on both databases."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from mainspring.domain.cards import InventoryLine
from mainspring.storage.cards import InventoryRepository
from mainspring.storage.database import Database
from tests.accounts import NOON, account

DAY = timedelta(days=1)

T = TypeVar("T")
InventoryWork = Callable[[InventoryRepository], Awaitable[T]]


async def inventory(database: Database, work: InventoryWork[T]) -> T:
    return await database.transact(lambda session: work(InventoryRepository(session)))


async def load(database: Database, account_id: UUID, *lines: tuple[str, str]) -> None:
    loaded = [InventoryLine(reference, variant_id, 1) for reference, variant_id in lines]
    await inventory(database, lambda held: held.load(account_id, loaded))


async def due(database: Database, account_id: UUID, *, now: datetime, after: str = "") -> list[str]:
    return await inventory(
        database, lambda held: held.due(account_id, cutoff=now - DAY, after=after, limit=10)
    )


async def test_several_rows_of_a_variant_are_one_lookup(database: Database) -> None:
    """And one answer prices them all."""
    holder = (await account(database)).id
    await load(database, holder, ("shelf", "b"), ("box", "b"), ("box", "a"), ("shelf", "c"))

    assert ["a", "b", "c"] == await due(database, holder, now=NOON)
    assert ["c"] == await due(database, holder, now=NOON, after="b")
    assert 3 == await inventory(database, lambda held: held.count_due(holder, cutoff=NOON))
    await inventory(database, lambda held: held.mark_priced(holder, ["b"], now=NOON))
    assert ["a", "c"] == await due(database, holder, now=NOON)


async def test_a_price_is_due_again_after_a_day_and_so_is_a_missing_one(database: Database) -> None:
    """The vendor is not asked again within the day, whether it knew the variant or not."""
    holder = (await account(database)).id
    await load(database, holder, ("box", "known"), ("box", "unknown"))
    await inventory(database, lambda held: held.mark_priced(holder, ["known"], now=NOON))
    await inventory(database, lambda held: held.mark_missing(holder, ["unknown"], now=NOON))

    assert [] == await due(database, holder, now=NOON + timedelta(hours=23))
    assert ["known", "unknown"] == await due(database, holder, now=NOON + timedelta(hours=25))


async def test_loading_an_inventory_again_keeps_its_prices_fresh(database: Database) -> None:
    """A repeated import asks for nothing that was just looked up."""
    holder = (await account(database)).id
    await load(database, holder, ("box", "a"))
    await inventory(database, lambda held: held.mark_priced(holder, ["a"], now=NOON))
    await load(database, holder, ("box", "a"), ("box", "b"))

    assert ["b"] == await due(database, holder, now=NOON)


async def test_accounts_with_something_due_are_found(database: Database) -> None:
    """Each once, and only those that were asked for."""
    holders = [(await account(database, name)).id for name in ("one", "two", "three")]
    for holder in holders[:2]:
        await load(database, holder, ("box", "a"), ("box", "b"))

    found = await inventory(database, lambda held: held.accounts_due(holders[1:], cutoff=NOON))

    assert [holders[1]] == found


async def test_another_accounts_mark_changes_nothing_here(database: Database) -> None:
    """The same variant in two inventories is due in each on its own."""
    one, two = (await account(database, "one")).id, (await account(database, "two")).id
    for holder in (one, two):
        await load(database, holder, ("box", "a"))
    await inventory(database, lambda held: held.mark_priced(one, ["a"], now=NOON))

    assert ([], ["a"]) == (await due(database, one, now=NOON), await due(database, two, now=NOON))
