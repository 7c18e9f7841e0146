"""The quota of a key beside a vendor that counts by its own clock, whatever the accounts say."""

from bisect import bisect_right, insort
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from mainspring.domain.cards.quota import (
    FREE,
    PLANS,
    Exhausted,
    Plan,
    QuotaState,
    Usage,
    exceeded,
    fresh,
    observe,
    reserve,
)

MIDNIGHT = datetime(2026, 3, 11, tzinfo=UTC)
DAY = timedelta(days=1)


@dataclass
class Vendor:
    """Counts each request when it comes, in any sixty seconds, and tells counts that are one behind."""

    plan: Plan
    came: list[datetime] = field(default_factory=list)
    refused: list[datetime] = field(default_factory=list)
    by_day: Counter[date] = field(default_factory=Counter)

    def ask(self, at: datetime) -> Literal["day", "minute"] | None:
        """Serve a request, or say which window is full."""
        window = self._full(at)
        if window is None:
            insort(self.came, at)
            self.by_day[at.date()] += 1
        else:
            self.refused.append(at)
        return window

    def usage(self, at: datetime) -> Usage:
        """Say what is used, without the last request."""
        day, month = (max(0, used - 1) for used in (self.by_day[at.date()], len(self.came)))
        return Usage(self.plan.name, self.plan.minute, self.plan.day, self.plan.month, day, month)

    def _full(self, at: datetime) -> Literal["day", "minute"] | None:
        if self.by_day[at.date()] >= self.plan.day:
            return "day"
        recent = len(self.came) - bisect_right(self.came, at - timedelta(seconds=60))
        return "minute" if recent >= self.plan.minute else None


@dataclass
class Key:
    """Callers that share a key, whose clock is `ahead` of the vendor's."""

    vendor: Vendor
    state: QuotaState
    now: datetime
    ahead: timedelta = timedelta()

    def send(self, plan: Plan, travel: timedelta = timedelta()) -> None:
        """Send one request as soon as the quota allows it."""
        while isinstance(answer := reserve(self.state, plan, 1, self.now + self.ahead), Exhausted):
            self.now, self.state = answer.resumes_at - self.ahead, answer.state
        arrival = self.now + travel
        window = self.vendor.ask(arrival)
        self.state = observe(answer.state, self.vendor.usage(arrival), answer.at, arrival + self.ahead)
        if window is not None:
            self.state = exceeded(self.state, window, DAY, answer.at, arrival + self.ahead)


def key_of(vendor: Vendor, now: datetime, ahead: timedelta = timedelta()) -> Key:
    return Key(vendor, fresh(vendor.plan, 1, now + ahead), now, ahead)


plans = st.sampled_from(PLANS)


@given(truth=plans, said=st.tuples(plans, plans), turns=st.lists(st.integers(0, 1), min_size=20, max_size=60))
def test_callers_that_differ_are_neither_refused_nor_slower_than_one_that_is_right(
    truth: Plan, said: tuple[Plan, Plan], turns: list[int]
) -> None:
    """What the vendor has taught outlives a change of caller."""
    start = MIDNIGHT + timedelta(hours=12)
    key, right = (key_of(Vendor(truth), start) for _ in range(2))
    key.state = fresh(said[turns[0]], 1, start)

    for turn in turns:
        key.send(said[turn])
        right.send(truth)

    assert [] == key.vendor.refused
    assert right.vendor.came == key.vendor.came


@given(travels=st.lists(st.timedeltas(timedelta(0), timedelta(seconds=1)), min_size=20, max_size=60))
def test_requests_that_are_longer_on_their_way_than_others_do_not_fill_a_minute(
    travels: list[timedelta],
) -> None:
    """The vendor counts when they come: a second's difference is allowed for."""
    key = key_of(Vendor(FREE), MIDNIGHT + timedelta(hours=12, microseconds=999_999))

    for travel in travels:
        key.send(FREE, travel)

    assert [] == key.vendor.refused


@settings(max_examples=settings().max_examples // 3)
@given(
    ahead=st.timedeltas(timedelta(seconds=-30), timedelta(seconds=30)),
    before=st.timedeltas(timedelta(0), timedelta(minutes=15)),
    pace=st.timedeltas(timedelta(0), timedelta(seconds=20)),
)
def test_a_clock_that_differs_at_midnight_costs_neither_requests_nor_a_day(
    ahead: timedelta, before: timedelta, pace: timedelta
) -> None:
    """All of the day's requests are served on the vendor's day, and nothing but the minute is waited for."""
    key = key_of(Vendor(FREE), MIDNIGHT - before, ahead)

    while key.vendor.by_day[MIDNIGHT.date()] < FREE.day:
        assert key.now < MIDNIGHT + timedelta(hours=1)
        key.send(FREE)
        key.now += pace

    # One request finds out that a full day has not ended yet, or that the count that is told is one behind.
    assert len(key.vendor.refused) <= 1
