"""What is stored of cards and listings, on both databases."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

import pytest
from sqlalchemy import select

from mainspring.domain.cards import Card, ListingCursor, Since, Variant
from mainspring.storage.cards import CatalogueRepository, TrackedRepository
from mainspring.storage.database import Database, Session
from mainspring.storage.tables import PriceRow
from tests.accounts import NOON, account

DAY = timedelta(days=1)

T = TypeVar("T")


def variant(name: str, cents: int | None = 100, priced_at: datetime | None = NOON) -> Variant:
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


async def test_a_price_corrected_under_its_old_date_is_a_change_of_its_own(database: Database) -> None:
    """The history keeps both, in their order, also when the correction is taken back."""
    days = [NOON + number * DAY for number in range(4)]
    for cents, now in zip([100, 120, 100, 100], days, strict=True):
        await store(database, card(variant("a", cents, NOON)), now=now)

    assert [("a", days[0], 100), ("a", days[1], 120), ("a", days[2], 100)] == await history(database)


async def test_a_price_without_a_date_is_appended_once_whoever_writes_it(database: Database) -> None:
    """Two that store the same page at once leave one row a change, of a new variant and of a known one."""
    for cents in (100, 120):
        page = card(variant("a", cents, priced_at=None))
        changes = await asyncio.gather(
            *(store(database, page, now=NOON + timedelta(seconds=cents + number)) for number in range(4))
        )
        assert [0, 0, 0, 1] == sorted(changes)

    assert [100, 120] == [cents for _, _, cents in await history(database)]


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
        since = Since.cutoff(now - 7 * DAY, now)
        return await work(lambda sets: sets.due(holder, since=since, limit=10))

    await work(lambda sets: sets.follow(holder, ["b", "a"]))
    fresh = await listed(NOON)
    await work(lambda sets: sets.advance(holder, fresh[1], next_offset=20, started_at=NOON, now=NOON))
    begun = await listed(NOON)
    await work(lambda sets: sets.follow(holder, ["b"]))
    followed_again = await listed(NOON)
    await work(lambda sets: sets.advance(holder, begun[0], next_offset=None, started_at=NOON, now=NOON))

    assert [ListingCursor("a", 0, None), ListingCursor("b", 0, None)] == fresh
    assert [ListingCursor("b", 20, NOON), ListingCursor("a", 0, None)] == begun == followed_again
    assert ["a"] == [cursor.item_id for cursor in await listed(NOON + 6 * DAY)]
    assert ["a", "b"] == [cursor.item_id for cursor in await listed(NOON + 8 * DAY)]


async def test_a_late_page_does_not_move_a_listing_that_has_moved_on(database: Database) -> None:
    """Of two runs at the same page one is noted; what comes after the last page begins nothing."""
    holder = (await account(database)).id
    await database.transact(lambda session: TrackedRepository.sets(session).follow(holder, ["a"]))
    since = Since(NOON - DAY, NOON - DAY)

    async def cursor() -> ListingCursor | None:
        found = await database.read(lambda s: TrackedRepository.sets(s).due(holder, since=since, limit=1))
        return next(iter(found), None)

    async def advance(given: ListingCursor, next_offset: int | None, now: datetime) -> bool:
        return await database.transact(
            lambda session: TrackedRepository.sets(session).advance(
                holder, given, next_offset=next_offset, started_at=given.started_at or now, now=now
            )
        )

    first = await cursor()
    assert first is not None
    moved = await asyncio.gather(*(advance(first, 100, NOON + number * DAY) for number in range(2)))
    second = await cursor()
    assert second is not None
    ended = [await advance(second, next_offset, NOON) for next_offset in (None, 200)]

    assert ([False, True], 100) == (sorted(moved), second.next_offset)
    assert ([True, False], None) == (ended, await cursor())


@pytest.mark.parametrize(("hours", "cutoff_days", "due"), [(23, 7, []), (25, 7, ["a"]), (1, 0, ["a"])])
async def test_what_was_refused_is_due_again_after_a_day(
    database: Database, hours: int, cutoff_days: int, due: list[str]
) -> None:
    """Or when everything is asked for anew; that it was stored at last ends it."""
    holder, now = (await account(database)).id, NOON + timedelta(hours=hours)
    since = Since.cutoff(now - cutoff_days * DAY, now)

    async def refuse(session: Session) -> tuple[list[ListingCursor], list[UUID], int]:
        sets = TrackedRepository.sets(session)
        await sets.follow(holder, ["a"])
        await sets.mark_refused(holder, "a", now=NOON)
        return (
            await sets.due(holder, since=since, limit=9),
            await sets.accounts_due([holder], since=since),
            await sets.count_due(holder, since=since),
        )

    found, holders, count = await database.transact(refuse)

    assert (due, len(due), len(due)) == ([each.item_id for each in found], len(holders), count)


async def test_what_is_no_longer_followed_is_not_due(database: Database) -> None:
    """It keeps what is stored, and is due again once it is followed again."""
    holder = (await account(database)).id

    async def count(session: Session) -> int:
        return await TrackedRepository.games(session).count_due(holder, since=Since(NOON, NOON))

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
