"""The price service's gateway against the emulator, over loopback HTTP."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from mainspring.domain.cards import Card
from mainspring.domain.cards.quota import Usage
from mainspring.emulators.justtcg import Fault, JustTcgEmulator
from mainspring.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    MalformedAnswer,
    NotSent,
    Refused,
    ServerFault,
    Unreachable,
)
from mainspring.gateways.justtcg import JustTcg, QuotaExceeded
from tests.visitor import visitor

GAME = "magic-the-gathering"
IXALAN = "ixalan-magic-the-gathering"
SMALL_SET = "mirage-magic-the-gathering"


class HandClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.time = datetime(2026, 3, 10, 12, 0, 30, tzinfo=UTC)

    def __call__(self) -> datetime:
        """Tell the time."""
        return self.time

    def move(self, **duration: float) -> None:
        """Let time pass, given as for a timedelta."""
        self.time += timedelta(**duration)


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
async def emulator(clock: HandClock) -> AsyncIterator[JustTcgEmulator]:
    async with JustTcgEmulator(seed=7, now=clock) as running:
        running.add_key("pro", "Professional")
        running.add_key("free")
        yield running


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(timeout=5) as client:
        yield client


@pytest.fixture
def justtcg(emulator: JustTcgEmulator, http: httpx.AsyncClient) -> JustTcg:
    return JustTcg(http, emulator.base_url)


async def all_cards(justtcg: JustTcg, set_id: str, limit: int) -> list[Card]:
    """Follow the pages to the end."""
    cards: list[Card] = []
    offset, has_more = 0, True
    while has_more:
        page = await justtcg.cards("pro", set_id, limit, offset)
        cards += page.cards
        offset, has_more = page.next_offset, page.has_more
    return cards


async def test_the_games_are_told_with_what_is_used(justtcg: JustTcg) -> None:
    """The list of games is one answer without pages; the counters lag by a call."""
    answer = await justtcg.games("free")

    assert [(GAME, "Magic: The Gathering", 19)] == [(g.id, g.name, g.sets_count) for g in answer.games]
    assert Usage("Free Tier", 10, 100, 1_000, 0, 0) == answer.usage
    assert Usage("Free Tier", 10, 100, 1_000, 1, 1) == (await justtcg.games("free")).usage


async def test_following_the_pages_gives_every_set_once(justtcg: JustTcg, emulator: JustTcgEmulator) -> None:
    """Pages of five lead to all the sets, the last of them says that nothing follows."""
    found: list[str] = []
    offset, has_more = 0, True
    while has_more:
        page = await justtcg.sets("free", GAME, 5, offset)
        found += [each.id for each in page.sets]
        offset, has_more = page.next_offset, page.has_more
        assert 19 == page.total

    assert sorted(emulator.catalogue.sets) == sorted(found)
    assert 4 == len(emulator.calls)


async def test_a_set_has_its_counts_and_worth(justtcg: JustTcg, emulator: JustTcgEmulator) -> None:
    """A set's figures are the emulator's."""
    page = await justtcg.sets("pro", GAME, 100, 0)
    ixalan = next(each for each in page.sets if each.id == IXALAN)

    expected = (
        "Ixalan",
        GAME,
        309,
        "2017-09-29",
        emulator.prices.set_value_cents(emulator.catalogue.sets[IXALAN]),
    )
    assert expected == (
        ixalan.name,
        ixalan.game_id,
        ixalan.cards_count,
        str(ixalan.release_date),
        ixalan.value_cents,
    )


async def test_an_unknown_game_has_no_sets(justtcg: JustTcg) -> None:
    """An id that the vendor does not know is an empty page, not an error."""
    page = await justtcg.sets("pro", "tiddlywinks", 100, 0)

    assert ((), False, 0) == (page.sets, page.has_more, page.total)


async def test_following_the_pages_gives_every_card_once_at_its_price(
    justtcg: JustTcg, emulator: JustTcgEmulator
) -> None:
    """A set's cards come complete, with every variant's price in cents, also those without one."""
    cards = await all_cards(justtcg, IXALAN, 100)

    listed = emulator.catalogue.sets[IXALAN].cards
    assert [card.uuid for card in listed] == [card.uuid for card in cards]
    variants = [variant for card in cards for variant in card.variants]
    assert sum(len(card.variants) for card in listed) == len(variants)
    assert [emulator.price_cents(v.id) for v in variants] == [v.price_cents for v in variants]
    assert None in {v.price_cents for v in variants}


async def test_a_lookup_finds_each_variant_whatever_the_order_of_the_answer(
    justtcg: JustTcg, emulator: JustTcgEmulator
) -> None:
    """Variants are matched by slug or uuid; repeated questions are asked once."""
    asked = [*emulator.variant_ids[:5000:100], emulator.catalogue.variants[emulator.variant_ids[7]].uuid]
    answer = await justtcg.lookup("pro", [*asked, asked[0]])

    assert asked == list(answer.variants)
    assert [emulator.price_cents(each) for each in asked] == [v.price_cents for v in answer.variants.values()]
    assert ((), (), 0) == (answer.missing, answer.unreadable, answer.malformed)
    assert [51] == [call.items for call in emulator.calls]


async def test_new_prices_are_seen(justtcg: JustTcg, emulator: JustTcgEmulator, clock: HandClock) -> None:
    """After the prices moved, some differ, all are the emulator's, and the moved ones are dated then."""
    asked = emulator.variant_ids[:100]
    before = await justtcg.lookup("pro", asked)
    clock.move(hours=24)
    emulator.advance_prices()
    after = await justtcg.lookup("pro", asked)

    assert {v: emulator.price_cents(v) for v in asked} == {v: after.variants[v].price_cents for v in asked}
    moved = [v for v in asked if before.variants[v].price_cents != after.variants[v].price_cents]
    assert 10 < len(moved) < 90
    assert {clock.time.replace(microsecond=0)} == {after.variants[v].priced_at for v in moved}


async def test_what_does_not_come_back_is_missing(justtcg: JustTcg, emulator: JustTcgEmulator) -> None:
    """An unknown id, and a known one that the vendor keeps back, are told apart from the found ones."""
    known, kept_back = emulator.variant_ids[:2]
    emulator.faults.never_returned.add(kept_back)
    answer = await justtcg.lookup("pro", ["no-such-variant", known, kept_back])

    assert [known] == list(answer.variants)
    assert ("no-such-variant", kept_back) == answer.missing


async def test_nothing_asked_is_no_request(justtcg: JustTcg, emulator: JustTcgEmulator) -> None:
    """A lookup of no ids costs no quota."""
    answer = await justtcg.lookup("pro", [])

    assert ({}, None, 0) == (answer.variants, answer.usage, len(emulator.calls))


async def test_repeated_variants_are_told_once(justtcg: JustTcg, emulator: JustTcgEmulator) -> None:
    """An answer with everything twice is read like one with everything once."""
    asked = emulator.variant_ids[:30]
    emulator.faults.next(Fault.DUPLICATES)
    answer = await justtcg.lookup("pro", asked)

    assert sorted(asked) == sorted(v.id for card in answer.cards for v in card.variants)
    assert list(asked) == list(answer.variants)


async def test_a_thinned_answer_names_what_it_lacks(justtcg: JustTcg, emulator: JustTcgEmulator) -> None:
    """Found and missing together are what was asked."""
    asked = emulator.variant_ids[:100]
    emulator.faults.next(Fault.MISSING)
    answer = await justtcg.lookup("pro", asked)

    assert sorted(asked) == sorted([*answer.variants, *answer.missing])
    assert answer.missing


async def test_malformed_entries_do_not_sink_the_page(justtcg: JustTcg, emulator: JustTcgEmulator) -> None:
    """What cannot be read is counted and not called missing; the next page starts after it all the same."""
    asked = emulator.variant_ids[:100:10]
    emulator.faults.next(Fault.MALFORMED, calls=2)
    answer = await justtcg.lookup("pro", asked)
    page = await justtcg.cards("pro", SMALL_SET, 3, 0)

    assert (2, 2, 8, ()) == (answer.malformed, len(answer.unreadable), len(answer.variants), answer.missing)
    assert (2, 2, 3, True) == (page.malformed, len(page.cards), page.next_offset, page.has_more)


async def test_an_answer_without_metadata_says_nothing_of_usage(
    justtcg: JustTcg, emulator: JustTcgEmulator
) -> None:
    """Nobody established that `_metadata` is always there."""
    emulator.faults.next(Fault.NO_METADATA)

    assert None is (await justtcg.games("pro")).usage


async def test_without_meta_a_full_page_is_followed(justtcg: JustTcg, emulator: JustTcgEmulator) -> None:
    """When the service does not say whether more follows, nothing is lost: at worst an empty page is read."""
    emulator.faults.rate(Fault.NO_META, 1)

    assert 5 == len(await all_cards(justtcg, SMALL_SET, 5))
    assert ["0", "5"] == [call.params["offset"] for call in emulator.calls]


@pytest.mark.parametrize(
    ("key", "code"), [("", "MISSING_API_KEY"), ("nonsense", "INVALID_API_KEY"), ("ключ\n", None)]
)
async def test_a_wrong_key_is_named(justtcg: JustTcg, key: str, code: str | None) -> None:
    """The error says that the key is at fault, and does not repeat it."""
    with pytest.raises(CredentialsRefused, match="API key is invalid") as caught:
        await justtcg.games(key)

    assert code == caught.value.code
    assert not key or key not in str(caught.value)


@pytest.mark.parametrize(
    ("plan", "most"), [("Free Tier", 20), ("Starter", 100), ("Professional", 100), ("Enterprise", 200)]
)
async def test_a_request_may_hold_as_many_items_as_the_plan_allows(
    justtcg: JustTcg, emulator: JustTcgEmulator, plan: str, most: int
) -> None:
    """One item more is refused, in a lookup and in a page, and uses no quota."""
    emulator.add_key("k", plan)
    assert most == len((await justtcg.lookup("k", emulator.variant_ids[:most])).variants)
    assert most == len((await justtcg.cards("k", IXALAN, most, 0)).cards)

    for refused in (
        justtcg.lookup("k", emulator.variant_ids[: most + 1]),
        justtcg.cards("k", IXALAN, most + 1, 0),
    ):
        with pytest.raises(Refused) as caught:
            await refused
        assert 403 == caught.value.status
    assert 2 == len(emulator.calls.counted)


async def test_a_senseless_request_is_refused_in_the_vendors_words(justtcg: JustTcg) -> None:
    """A 400 carries the vendor's code and error."""
    with pytest.raises(Refused, match="INVALID_REQUEST: limit must be positive") as caught:
        await justtcg.cards("pro", IXALAN, 0, 0)

    assert (400, "INVALID_REQUEST") == (caught.value.status, caught.value.code)


async def test_the_minute_is_refused_until_the_next_one_begins(
    justtcg: JustTcg, emulator: JustTcgEmulator, clock: HandClock
) -> None:
    """The free plan's eleventh request of a minute is refused; `Retry-After` is read when it is sent."""
    for _ in range(10):
        await justtcg.games("free")
    with pytest.raises(QuotaExceeded) as caught:
        await justtcg.games("free")
    assert ("minute", None, None) == (caught.value.window, caught.value.retry_after, caught.value.usage)

    emulator.faults.sends_retry_after = emulator.faults.tells_usage_in_refusals = True
    with pytest.raises(QuotaExceeded) as caught:
        await justtcg.games("free")
    assert timedelta(seconds=31) == caught.value.retry_after
    assert Usage("Free Tier", 10, 100, 1_000, 9, 9) == caught.value.usage

    clock.move(seconds=30)
    await justtcg.games("free")


@pytest.mark.parametrize(
    ("day", "month", "window", "wait"),
    [(2, 1_000, "day", timedelta(hours=12)), (100, 2, "month", timedelta(days=5))],
)
async def test_the_day_and_the_month_are_refused_until_they_end(
    justtcg: JustTcg,
    emulator: JustTcgEmulator,
    clock: HandClock,
    day: int,
    month: int,
    window: str,
    wait: timedelta,
) -> None:
    """The day ends at 00:00 UTC, the month at 00:00 UTC of the key's anchor day."""
    emulator.add_key("k", anchor_day=15, day=day, month=month)
    emulator.use_elsewhere("k", 1)
    await justtcg.games("k")
    clock.time += wait - timedelta(hours=1 if window == "day" else 13)
    with pytest.raises(QuotaExceeded) as caught:
        await justtcg.games("k")
    assert window == caught.value.window

    clock.move(hours=1)
    await justtcg.games("k")


async def test_a_server_fault_is_the_worlds(justtcg: JustTcg, emulator: JustTcgEmulator) -> None:
    """A 500 is a fault of theirs, and may have used quota."""
    emulator.faults.next(Fault.SERVER_ERROR)
    with pytest.raises(ServerFault) as caught:
        await justtcg.games("pro")

    assert (500, "INTERNAL_ERROR") == (caught.value.status, caught.value.code)
    assert 1 == len(emulator.calls.counted)


@pytest.mark.parametrize(
    ("fault", "error", "counted"),
    [
        (Fault.DROPPED_BEFORE, Unreachable, 0),
        (Fault.DROPPED_AFTER, Unreachable, 1),
        (Fault.LOST_ANSWER, Unreachable, 1),
        (Fault.SLOW, Unreachable, 1),
        (Fault.NOT_JSON, MalformedAnswer, 1),
    ],
)
async def test_a_broken_answer_may_have_been_counted(
    justtcg: JustTcg,
    emulator: JustTcgEmulator,
    http: httpx.AsyncClient,
    fault: Fault,
    error: type[GatewayError],
    counted: int,
) -> None:
    """A request that left is never reported as one that did not; the next call works again."""
    http.timeout = httpx.Timeout(0.5)
    emulator.faults.next(fault)
    with pytest.raises(error) as caught:
        await justtcg.lookup("pro", emulator.variant_ids[:50])

    assert not isinstance(caught.value, NotSent)
    assert counted == len(emulator.calls.counted)
    assert 50 == len((await justtcg.lookup("pro", emulator.variant_ids[:50])).variants)


async def test_a_service_that_is_down_was_sent_nothing(justtcg: JustTcg, emulator: JustTcgEmulator) -> None:
    """A refused connection is told apart, so that the reserved request can be given back."""
    await justtcg.games("pro")
    await emulator.stop()
    with pytest.raises(NotSent):
        await justtcg.games("pro")
    await emulator.start()
    await justtcg.games("pro")

    assert 2 == len(emulator.calls)


async def test_a_full_connection_pool_sends_nothing(emulator: JustTcgEmulator) -> None:
    """Waiting for a connection of our own in vain is not a request either."""
    limits = httpx.Limits(max_connections=0)
    async with visitor(limits=limits, timeout=0.05) as http:
        with pytest.raises(NotSent):
            await JustTcg(http, emulator.base_url).games("pro")

    assert [] == emulator.calls
