"""What the price service's emulator promises before it is served: its goods, prices, windows, measures."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.domain.cards.quota import PLANS as OUR_PLANS
from mainspring.emulators.justtcg.accounts import Account
from mainspring.emulators.justtcg.calls import Call, Calls
from mainspring.emulators.justtcg.catalogue import catalogue
from mainspring.emulators.justtcg.faults import Fault, Faults
from mainspring.emulators.justtcg.plans import PLANS, Limits, month_of
from mainspring.emulators.justtcg.prices import Prices

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
CALL = Call(NOON, "k", "POST", "/cards", {}, (), 0, 200, None, is_counted=True, faults=())


def calls_at(*seconds: float) -> Calls:
    return Calls(replace(CALL, at=NOON + timedelta(seconds=each)) for each in seconds)


def test_the_catalogue_is_large_and_every_id_in_it_is_unique() -> None:
    """There are thousands of real cards and tens of thousands of variants to sync."""
    ids = catalogue().variant_ids

    assert len(set(ids)) == len(ids) >= 30_000
    assert len({card.uuid for card in catalogue().card_of.values()}) >= 3_000
    assert "magic-the-gathering-dominaria-karn-scion-of-urza-mythic-rare_near-mint_foil" in ids


def test_prices_depend_on_seed_and_step_and_nothing_else() -> None:
    """Two processes agree on every price; another seed does not."""
    ids = catalogue().variant_ids[:1000]
    one, same, other = (Prices(seed, step=3) for seed in (1, 1, 2))

    assert [one.cents(each) for each in ids] == [same.cents(each) for each in ids]
    assert [one.cents(each) for each in ids] != [other.cents(each) for each in ids]


def test_prices_reach_from_cents_to_thousands_of_dollars_and_some_are_unknown() -> None:
    """The extremes that have to be stored are on sale."""
    prices = [Prices(0).cents(each) for each in catalogue().variant_ids]
    known = [price for price in prices if price is not None]

    assert len(prices) > len(known) > 0.9 * len(prices)
    assert min(known) < 10
    assert max(known) > 100_000


def test_a_step_moves_some_prices() -> None:
    """Neither all nor none change from step to step."""
    ids = catalogue().variant_ids[:3000]
    before, after = Prices(0, step=0), Prices(0, step=1)
    changed = sum(before.cents(each) != after.cents(each) for each in ids)

    assert 300 < changed < 2000


def test_our_plans_are_the_vendors() -> None:
    """The service's own table of plans says what the emulator enforces."""
    ours = {
        plan.name: Limits(plan.minute, plan.day, plan.month, plan.items_per_request) for plan in OUR_PLANS
    }

    assert PLANS == ours


@pytest.mark.parametrize(
    ("now", "anchor_day", "expected"),
    [
        ("2026-03-10T12:00", 1, "2026-03-01"),
        ("2026-03-10T12:00", 10, "2026-03-10"),
        ("2026-03-10T12:00", 11, "2026-02-11"),
        ("2026-03-10T12:00", 31, "2026-02-28"),
        ("2026-02-28T00:00", 31, "2026-02-28"),
        ("2026-01-05T00:00", 20, "2025-12-20"),
    ],
)
def test_a_billing_month_begins_on_the_anchor_day(now: str, anchor_day: int, expected: str) -> None:
    """It begins at 00:00 UTC; a month too short for its day ends with its last."""
    begun = month_of(datetime.fromisoformat(now).replace(tzinfo=UTC), anchor_day)

    assert datetime.fromisoformat(expected).replace(tzinfo=UTC) == begun


@given(st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), st.integers(1, 31))  # noqa: DTZ001  # made aware by `timezones`
def test_a_billing_month_holds_its_moment(now: datetime, anchor_day: int) -> None:
    """Every moment lies in the month that it is counted in, which is no longer than 31 days."""
    assert timedelta() <= now - month_of(now, anchor_day) < timedelta(days=31)


def test_counters_lag_by_one_call() -> None:
    """`_metadata` does not know of the call it answers."""
    account = Account("k", "Starter", PLANS["Starter"], 1)
    account.count(NOON, 3)

    assert 2 == account.metadata(NOON)["apiDailyRequestsUsed"]
    assert 998 == account.metadata(NOON)["apiDailyRequestsRemaining"]
    assert (0, 2) == (
        account.metadata(NOON + timedelta(days=1))["apiDailyRequestsUsed"],
        account.metadata(NOON + timedelta(days=1))["apiRequestsUsed"],
    )


def test_a_burst_across_two_minutes_shows_in_the_rolling_measure_only() -> None:
    """Sixty seconds may begin anywhere; calls a full minute apart are not in the same."""
    calls = calls_at(58, 59, 61, 62, 118)

    assert (4, 3) == (calls.most_in_any_minute, calls.most_in_a_calendar_minute)


@given(st.lists(st.floats(0, 300), max_size=30))
def test_the_rolling_measure_is_the_largest_of_all_windows(seconds: list[float]) -> None:
    """It equals the plain count over every window that begins with a call."""
    times = [call.at for call in calls_at(*seconds)]
    minute = timedelta(seconds=60)
    plain = max((sum(start <= at < start + minute for at in times) for start in times), default=0)

    assert plain == calls_at(*seconds).most_in_any_minute


def test_repeated_lookups_are_named() -> None:
    """An id that was asked for twice in counted calls is told, with how often."""
    twice = Calls([replace(CALL, variant_ids=("a", "b")), replace(CALL, variant_ids=("a",))])
    uncounted = replace(CALL, variant_ids=("b",), is_counted=False)

    assert {"a": 2} == Calls([*twice, uncounted]).repeated_lookups


def test_faults_strike_as_often_as_ordered_and_repeat_with_the_seed() -> None:
    """`next` is exact, `rate` is drawn from the seed, `clear` ends both."""

    def drawn(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.rate(Fault.SLOW, 0.5)
        return [faults.strikes(Fault.SLOW) for _ in range(50)]

    faults = Faults()
    faults.next(Fault.SLOW, calls=2)
    assert [True, True, False] == [faults.strikes(Fault.SLOW) for _ in range(3)]
    assert drawn(1) == drawn(1) != drawn(2)
    faults.rate(Fault.SLOW, 1)
    faults.clear()
    assert not faults.strikes(Fault.SLOW)
