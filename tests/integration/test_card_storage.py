"""What is stored of cards and listings, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import select

from domain.cards import Card, ListingCursor, Variant
from storage.cards import CatalogueRepository, TrackedRepository
from storage.database import Database, Session
from storage.tables import PriceRow
from tests.accounts import NOON, account

DAY = timedelta(days=1)

T = TypeVar("T")


def variant(name: str, cents: int | None = 100, priced_at: datetime = NOON) -> Variant:
    return Variant(name, name, "Near Mint", "Foil", "English", None, cents, priced_at, {"avgPrice": 1.5})


def card(*variants: Variant, uuid: str = "card") -> Card:
    optional = (None,) * 6
    return Card(uuid, "slug", "Forest", "Magic", "xln", "Ixalan", *optional, variants)


async def store(database: Database, *cards: Card, now: datetime = NOON) -> int:
    return await database.transact(lambda session: CatalogueRepository(session).store_cards(cards, now=now))


async def history(database: Database) -> list[tuple[str, datetime, int | None]]:
    async def look(session: Session) -> list[tuple[str, datetime, int | None]]:
        rows = await session.scalars(select(PriceRow).order_by(PriceRow.variant_uuid, PriceRow.at))
        return [(row.variant_uuid, row.at, row.price_cents) for row in rows]

    return await database.read(look)


async def test_a_price_enters_the_history_once_a_change(database: Database) -> None:
    """Also to and from no price at all; a page that is stored twice adds nothing."""
    changes = [
        await store(database, card(variant("a", cents, NOON + number * DAY)))
        for number, cents in enumerate([100, 100, 120, None, None, 120])
    ]
    again = await store(database, card(variant("a", 120, NOON + 5 * DAY)))

    assert [1, 0, 1, 1, 0, 1, 0] == [*changes, again]
    assert [100, 120, None, 120] == [cents for _, _, cents in await history(database)]


async def test_a_page_is_stored_whole_with_each_variant_once(database: Database) -> None:
    """A variant that comes twice on a page is one row; two writers of a page do not deadlock."""
    page = [card(variant("a"), variant("b"), uuid="one"), card(variant("c"), variant("c"), uuid="two")]

    await asyncio.gather(*(store(database, *order) for order in (page, page[::-1]) * 3))

    assert ["a", "b", "c"] == [name for name, _, _ in await history(database)]


async def test_a_listing_goes_on_at_the_page_where_it_stopped(database: Database) -> None:
    """A begun one comes first, is due until its last page is stored, and then not for a week."""
    holder = (await account(database)).id

    async def work(step: Callable[[TrackedRepository], Awaitable[T]]) -> T:
        return await database.transact(lambda session: step(TrackedRepository.sets(session)))

    async def listed(now: datetime) -> list[ListingCursor]:
        return await work(lambda sets: sets.due(holder, cutoff=now - 7 * DAY, limit=10))

    await work(lambda sets: sets.follow(holder, ["b", "a"]))
    fresh = await listed(NOON)
    await work(lambda sets: sets.advance(holder, "b", next_offset=20, started_at=NOON, now=NOON))
    begun = await listed(NOON)
    await work(lambda sets: sets.follow(holder, ["b"]))
    followed_again = await listed(NOON)
    await work(lambda sets: sets.advance(holder, "b", next_offset=None, started_at=NOON, now=NOON))

    assert [ListingCursor("a", 0, None), ListingCursor("b", 0, None)] == fresh
    assert [ListingCursor("b", 20, NOON), ListingCursor("a", 0, None)] == begun == followed_again
    assert ["a"] == [cursor.item_id for cursor in await listed(NOON + 6 * DAY)]
    assert ["a", "b"] == [cursor.item_id for cursor in await listed(NOON + 8 * DAY)]


async def test_what_is_no_longer_followed_is_not_due(database: Database) -> None:
    """It keeps what is stored, and is due again once it is followed again."""
    holder = (await account(database)).id

    async def count(session: Session) -> int:
        return await TrackedRepository.games(session).count_due(holder, cutoff=NOON)

    async def change(session: Session) -> tuple[int, int]:
        games = TrackedRepository.games(session)
        await games.follow(holder, ["magic", "pokemon"])
        await games.unfollow(holder, ["magic"])
        remaining = await count(session)
        await games.follow(holder, ["magic"])
        return remaining, await count(session)

    assert (1, 2) == await database.transact(change)


def test_a_listing_begun_long_ago_starts_anew() -> None:
    """Its pages may have shifted since; within a month it goes on."""
    begun = ListingCursor("a", 40, NOON)

    assert begun == begun.resumed(NOON + 30 * DAY)
    assert ListingCursor("a", 0, NOON + 32 * DAY) == begun.resumed(NOON + 32 * DAY)
