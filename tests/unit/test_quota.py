"""The decisions on quotas, against an oracle that remembers every grant."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mainspring.domain.cards.quota import (
    FREE,
    PLANS,
    Exhausted,
    Granted,
    Plan,
    QuotaState,
    Usage,
    Window,
    declared,
    exceeded,
    fresh,
    lifted,
    observe,
    plan_named,
    release,
    reserve,
)
from mainspring.domain.cards.quota.state import Block
from mainspring.domain.cards.quota.windows import month_end, month_start
from mainspring.domain.quota.budget import waiting_for

STARTER = plan_named("Starter")
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
SMALL = Plan("Free Tier", month=12, day=7, minute=3, items_per_request=20)


def usage(plan: Plan = STARTER, *, day: int = 0, month: int = 0) -> Usage:
    return Usage(plan.name, plan.minute, plan.day, plan.month, day_used=day, month_used=month)


def granted(state: QuotaState, plan: Plan, anchor_day: int, now: datetime) -> QuotaState:
    answer = reserve(state, plan, anchor_day, now)
    assert isinstance(answer, Granted), answer
    return answer.state


def refused(state: QuotaState, plan: Plan, anchor_day: int, now: datetime) -> Exhausted[QuotaState]:
    answer = reserve(state, plan, anchor_day, now)
    assert isinstance(answer, Exhausted), answer
    return answer


def month_of(anchor_day: int, moment: datetime) -> date:
    """Walk back day by day to the last anchor day: slow, and no code shared with the domain's."""
    day = moment.date()
    while not (day.day == anchor_day or (day.day < anchor_day and (day + timedelta(days=1)).day == 1)):
        day -= timedelta(days=1)
    return day


class Oracle:
    """Whether a request may leave, from all the moments at which one has.

    A minute is counted in whole seconds, from the start of the second in which it begins, and a second more
    for the way there.
    """

    def __init__(self, plan: Plan, anchor_day: int) -> None:
        self.plan = plan
        self.anchor_day = anchor_day
        self.grants: list[datetime] = []

    def window_that_is_full(self, now: datetime) -> Window | None:
        """Name the longest window in which a request at `now` would be one too many."""
        month = [g for g in self.grants if month_of(self.anchor_day, g) == month_of(self.anchor_day, now)]
        day = [g for g in self.grants if g.date() == now.date()]
        minute = [g for g in self.grants if now - g.replace(microsecond=0) < timedelta(seconds=62)]
        if len(month) >= self.plan.month:
            return "month"
        if len(day) >= self.plan.day:
            return "day"
        return "minute" if len(minute) >= self.plan.minute else None


starts = st.datetimes(datetime(2023, 12, 1), datetime(2028, 4, 1), timezones=st.just(UTC))  # noqa: DTZ001
anchors = st.integers(1, 31)
small_plans = st.builds(
    Plan,
    name=st.just("Free Tier"),
    month=st.integers(1, 14),
    day=st.integers(1, 8),
    minute=st.integers(1, 4),
    items_per_request=st.just(20),
)
steps = st.one_of(
    st.timedeltas(timedelta(0), timedelta(seconds=3)),
    st.timedeltas(timedelta(0), timedelta(seconds=70)),
    st.timedeltas(timedelta(0), timedelta(days=2)),
)


@settings(max_examples=settings().max_examples * 3)
@given(plan=small_plans, anchor_day=anchors, start=starts, waits=st.lists(steps, max_size=60))
def test_a_request_is_granted_exactly_when_no_window_is_full(
    plan: Plan, anchor_day: int, start: datetime, waits: list[timedelta]
) -> None:
    """Never above a limit, never idle below it, and `resumes_at` is the first moment that grants again."""
    oracle, state, now = Oracle(plan, anchor_day), fresh(plan, anchor_day, start), start
    for wait in waits:
        now += wait
        answer = reserve(state, plan, anchor_day, now)
        assert isinstance(answer, Exhausted) == (oracle.window_that_is_full(now) is not None)
        if isinstance(answer, Exhausted):
            assert answer.resumes_at > now
            just_before = answer.resumes_at - timedelta(microseconds=1)
            assert answer.window == oracle.window_that_is_full(just_before)
            assert oracle.window_that_is_full(answer.resumes_at) is None
            now = answer.resumes_at
            answer = reserve(answer.state, plan, anchor_day, now)
        assert isinstance(answer, Granted)
        oracle.grants.append(now)
        state = answer.state
        assert len(state.minute) <= 62


@settings(max_examples=settings().max_examples * 3)
@given(
    plan=small_plans,
    anchor_day=anchors,
    start=starts,
    nows=st.lists(st.tuples(steps, st.timedeltas(timedelta(minutes=-4), timedelta(0))), max_size=60),
)
def test_clocks_that_differ_never_grant_more_than_the_limits(
    plan: Plan, anchor_day: int, start: datetime, nows: list[tuple[timedelta, timedelta]]
) -> None:
    """By the clock of whoever was granted, no minute, day or month holds more than its limit."""
    state, time, grants = fresh(plan, anchor_day, start), start, []
    for wait, error in nows:
        time += wait
        answer = reserve(state, plan, anchor_day, time + error)
        state = answer.state
        if isinstance(answer, Granted):
            grants.append(time + error)
    grants.sort()
    for first, beyond in zip(grants, grants[plan.minute :], strict=False):
        assert beyond - first >= timedelta(seconds=60)
    for of, limit in ((lambda g: g.date(), plan.day), (lambda g: month_of(anchor_day, g), plan.month)):
        windows = [of(grant) for grant in grants]
        assert all(windows.count(window) <= limit for window in set(windows))


def test_a_state_of_a_clock_that_was_wrong_does_not_hold_up_the_others() -> None:
    """A machine that was a year ahead costs a minute at most, and what it counted stays counted."""
    state = granted(fresh(SMALL, 1, NOON), SMALL, 1, NOON + timedelta(days=365))

    after = granted(state, SMALL, 1, NOON)

    assert (2, 2) == (after.day.used, after.month.used)
    assert NOON.replace(hour=0) == after.day.start


@pytest.mark.parametrize(
    ("anchor_day", "now", "start", "end"),
    [
        (31, "2024-02-29T00:00", "2024-02-29", "2024-03-31"),
        (31, "2024-02-28T23:59", "2024-01-31", "2024-02-29"),
        (31, "2023-02-28T00:00", "2023-02-28", "2023-03-31"),
        (30, "2023-03-01T00:00", "2023-02-28", "2023-03-30"),
        (29, "2100-02-28T12:00", "2100-02-28", "2100-03-29"),
        (1, "2026-01-01T00:00", "2026-01-01", "2026-02-01"),
        (15, "2026-01-14T23:59", "2025-12-15", "2026-01-15"),
        (31, "2026-04-30T08:00", "2026-04-30", "2026-05-31"),
        (31, "2026-12-31T08:00", "2026-12-31", "2027-01-31"),
    ],
)
def test_a_month_runs_between_anchor_days_which_short_months_clamp(
    anchor_day: int, now: str, start: str, end: str
) -> None:
    """The 31st is the last day of a month that has none, in leap years and others."""
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)

    assert start == month_start(anchor_day, moment).date().isoformat()
    assert end == month_end(anchor_day, moment).date().isoformat()


@given(anchor_day=anchors, now=starts)
def test_months_follow_on_each_other_without_gap_or_overlap(anchor_day: int, now: datetime) -> None:
    """The end of a month is the start of the next, whatever the anchor."""
    start, end = month_start(anchor_day, now), month_end(anchor_day, now)

    assert start <= now < end
    assert month_of(anchor_day, now) == start.date()
    assert end == month_start(anchor_day, end) == month_end(anchor_day, start)


@given(before=st.integers(0, 2), now=starts, later=st.timedeltas(timedelta(0), timedelta(seconds=59)))
def test_a_request_that_never_left_is_given_back(before: int, now: datetime, later: timedelta) -> None:
    """Releasing undoes the reservation in every window."""
    assume(now.date() == (now + later).date())
    state = fresh(SMALL, now.day, now)
    for _ in range(before):
        state = granted(state, SMALL, now.day, now)

    assert state == release(granted(state, SMALL, now.day, now + later), now + later)


def test_a_request_of_yesterday_is_not_given_back_to_today() -> None:
    """A release across midnight leaves the new day's count alone."""
    last_night = NOON.replace(hour=23, minute=59, second=59)
    state = granted(fresh(SMALL, 1, NOON), SMALL, 1, last_night)
    state = granted(state, SMALL, 1, last_night + timedelta(seconds=2))

    state = release(state, last_night)

    assert (1, 1) == (state.day.used, state.month.used)


@given(own=st.integers(0, 3), day=st.integers(0, 60), month=st.integers(0, 100))
def test_the_vendors_counters_correct_only_upwards(own: int, day: int, month: int) -> None:
    """Counters may lag by a call: what is used is the larger of ours and theirs; twice is as once."""
    state = fresh(STARTER, 1, NOON)
    for _ in range(own):
        state = granted(state, STARTER, 1, NOON)

    seen = observe(state, usage(day=day, month=month), NOON, NOON)

    assert (max(own, day), max(own, month)) == (seen.day.used, seen.month.used)
    assert seen == observe(seen, usage(day=day, month=month), NOON, NOON)


def test_limits_that_differ_from_the_plans_are_adopted() -> None:
    """What the vendor says it allows is what holds, until the key's owner changes its plan."""
    told = observe(fresh(FREE, 1, NOON), usage(STARTER), NOON, NOON)
    assert (STARTER.limits, "Starter") == (told.limits, told.vendor_plan)
    assert STARTER.limits == granted(told, FREE, 1, NOON).limits

    upgraded = declared(told, plan_named("Enterprise"), None)

    assert plan_named("Enterprise").limits == granted(upgraded, FREE, 1, NOON).limits


def test_a_limit_of_nothing_is_not_believed() -> None:
    """A limit of 0 would never let the request leave that could correct it."""
    nothing = Usage("Free Tier", minute_limit=0, day_limit=0, month_limit=0, day_used=0, month_used=0)

    assert FREE.limits == observe(fresh(FREE, 1, NOON), nothing, NOON, NOON).limits


def test_a_paid_count_that_drops_is_a_billing_cycle_that_began_anew() -> None:
    """The reported count is taken, and the month runs from that day on."""
    state = observe(fresh(STARTER, 1, NOON), usage(month=9_000), NOON, NOON)
    a_week_later = NOON + timedelta(days=7)

    state = observe(state, usage(month=3), a_week_later, a_week_later)

    assert (17, 3) == (state.anchor_day, state.month.used)
    assert a_week_later.replace(hour=0) == state.month.start


def test_an_answer_from_before_a_restart_does_not_fill_the_new_month() -> None:
    """An answer that is read late says nothing of the cycle that has begun since."""
    before, after = NOON - timedelta(seconds=20), NOON
    state = observe(fresh(STARTER, 1, NOON), usage(month=9_990), NOON - timedelta(hours=1), NOON)
    state = observe(state, usage(month=3), after, after)

    assert state == observe(state, usage(month=10_000), before, after)


def test_a_free_count_that_drops_changes_nothing() -> None:
    """The free plan's month is known: only a paid one restarts on payment."""
    state = observe(fresh(FREE, 1, NOON), usage(FREE, month=900), NOON, NOON)

    assert state == observe(state, usage(FREE, month=3), NOON, NOON)


@given(drop=st.integers(0, STARTER.minute))
def test_a_count_that_only_lags_is_no_restart(drop: int) -> None:
    """An answer that is late by less than a minute's requests moves no anchor."""
    state = observe(fresh(STARTER, 1, NOON), usage(month=9_000), NOON, NOON)

    assert state == observe(state, usage(month=9_000 - drop), NOON, NOON)


def test_a_late_payment_neither_fills_the_new_month_nor_moves_the_anchor() -> None:
    """Until the payment, the vendor counts the old month: it is asked every hour."""
    state = observe(fresh(STARTER, 15, NOON), usage(month=9_999), NOON, NOON)
    anchor = datetime(2026, 3, 15, 0, 5, tzinfo=UTC)

    state = observe(granted(state, STARTER, 15, anchor), usage(month=10_000), anchor, anchor)
    assert 1 == state.month.used
    state = exceeded(state, "month", None, anchor, anchor)
    assert anchor + timedelta(hours=1) == refused(state, STARTER, 15, anchor).resumes_at
    paid = anchor + timedelta(hours=7)
    state = observe(granted(state, STARTER, 15, paid), usage(month=1), paid, paid)

    assert (15, 2) == (state.anchor_day, state.month.used)


@pytest.mark.parametrize(("retry_after", "wait"), [(None, 60), (timedelta(seconds=7), 7), (timedelta(0), 1)])
def test_a_full_minute_blocks_for_as_long_as_the_vendor_says(
    retry_after: timedelta | None, wait: int
) -> None:
    """Without Retry-After a minute; never less than a second."""
    state = exceeded(fresh(FREE, 1, NOON), "minute", retry_after, NOON, NOON)
    resumes_at = NOON + timedelta(seconds=wait)

    assert Exhausted("minute", resumes_at, state) == reserve(state, FREE, 1, NOON)
    assert 1 == granted(state, FREE, 1, resumes_at).day.used


@pytest.mark.parametrize("window", ["day", "month"])
def test_a_full_day_or_month_is_used_up_until_its_reset(window: Window) -> None:
    """Whatever our own count says: other users of the key count too."""
    resumes_at = {"day": datetime(2026, 3, 11, tzinfo=UTC), "month": datetime(2026, 3, 31, tzinfo=UTC)}[
        window
    ]
    state = exceeded(fresh(FREE, 31, NOON), window, None, NOON, NOON)

    answer = refused(state, FREE, 31, NOON)

    assert (window, resumes_at) == (answer.window, answer.resumes_at)
    assert 1 == granted(answer.state, FREE, 31, resumes_at).day.used


def test_when_several_windows_are_full_the_last_to_open_counts() -> None:
    """A full minute inside a full day inside a full month waits for the month."""
    state = fresh(SMALL, 12, NOON)
    for _ in range(SMALL.minute):
        state = granted(state, SMALL, 12, NOON)
    state = exceeded(exceeded(state, "day", None, NOON, NOON), "month", None, NOON, NOON)

    answer = refused(state, SMALL, 12, NOON)

    assert ("month", datetime(2026, 3, 12, tzinfo=UTC)) == (answer.window, answer.resumes_at)


def test_an_answer_from_before_midnight_does_not_fill_the_new_day() -> None:
    """Yesterday's full count, read after midnight, leaves today its hundred requests."""
    before, after = (datetime(2026, 3, day, 0, 0, second, tzinfo=UTC) for day, second in ((11, 0), (11, 2)))
    before -= timedelta(seconds=1)
    state = granted(fresh(FREE, 20, NOON), FREE, 20, before)

    state = observe(state, usage(FREE, day=100, month=100), before, after)
    assert (0, 100) == (state.day.used, state.month.used)
    state = exceeded(state, "day", None, before, after)

    assert after + timedelta(seconds=60) == refused(state, FREE, 20, after).resumes_at


@pytest.mark.parametrize(("anchor_day", "renews"), [(8, "2026-04-08"), (1, "2026-05-01"), (5, "2026-04-05")])
def test_a_changed_anchor_day_keeps_what_is_used(anchor_day: int, renews: str) -> None:
    """The month that is counted goes on to the first such day which lies a whole month after its start."""
    state = granted(fresh(SMALL, 5, NOON), SMALL, 5, NOON)
    assert 2 == granted(state, SMALL, anchor_day, NOON).month.used
    full = exceeded(state, "month", None, NOON, NOON)

    answer = refused(full, SMALL, anchor_day, NOON)

    assert ("month", renews) == (answer.window, answer.resumes_at.date().isoformat())
    assert 1 == granted(answer.state, SMALL, anchor_day, answer.resumes_at).month.used


def test_accounts_that_share_a_key_never_pass_its_limit_by_differing() -> None:
    """One of ten thousand is left: however their anchor days alternate, one is granted."""
    state = observe(fresh(STARTER, 5, NOON), usage(month=9_999), NOON, NOON)
    answers = []
    for second in range(40):
        answers.append(reserve(state, STARTER, (8, 5)[second % 2], NOON + timedelta(seconds=second)))
        state = answers[-1].state

    assert 1 == sum(isinstance(answer, Granted) for answer in answers)


@settings(max_examples=settings().max_examples * 3)
@given(
    plans=st.tuples(small_plans, small_plans.map(lambda plan: replace(plan, name="Starter"))),
    start=starts,
    asks=st.lists(st.tuples(steps, st.integers(0, 1), anchors), max_size=60),
)
def test_a_month_holds_no_more_than_its_limit_whatever_the_sharing_accounts_say(
    plans: tuple[Plan, Plan], start: datetime, asks: list[tuple[timedelta, int, int]]
) -> None:
    """Nobody passes the limit of its own plan, months are whole, and who waits is granted in the end."""
    state, now, grants = fresh(plans[0], asks[0][2] if asks else 1, start), start, Counter[datetime]()
    for wait, which, anchor_day in asks:
        now, plan = now + wait, plans[which]
        answer = reserve(state, plan, anchor_day, now)
        if isinstance(answer, Exhausted):
            now = answer.resumes_at
            answer = reserve(answer.state, plan, anchor_day, now)
        assert isinstance(answer, Granted)
        state = answer.state
        grants[state.month.start] += 1
        assert grants[state.month.start] == state.month.used <= plan.month
    assert all(later - earlier >= timedelta(days=28) for earlier, later in pairwise(sorted(grants)))


def test_an_account_that_differs_does_not_lift_the_vendors_block() -> None:
    """What the vendor asked to wait holds for everybody who uses the key."""
    state = exceeded(fresh(FREE, 1, NOON), "minute", timedelta(hours=3), NOON, NOON)

    assert NOON + timedelta(hours=3) == refused(state, STARTER, 8, NOON).resumes_at


def test_a_block_without_end_is_not_believed() -> None:
    """No vendor blocks a key for longer than a month; an earlier release took longer blocks from vendors."""
    state = exceeded(fresh(FREE, 1, NOON), "minute", timedelta.max, NOON, NOON)
    assert NOON + timedelta(days=31) == refused(state, FREE, 1, NOON).resumes_at
    stored = replace(state, block=Block("minute", NOON.replace(year=2083)))

    assert 1 == granted(stored, FREE, 1, NOON).day.used


@pytest.mark.parametrize("window", ["minute", "day", "month"])
def test_an_operator_lifts_a_block(window: Window) -> None:
    """A full day or month counts as empty until the vendor says what is used of it."""
    state = lifted(exceeded(fresh(STARTER, 1, NOON), window, timedelta(days=9), NOON, NOON))

    state = granted(state, STARTER, 1, NOON)

    assert (1, 1) == (state.day.used, state.month.used)
    assert 999 == observe(state, usage(day=999), NOON, NOON).day.used


def test_plans_are_found_by_the_vendors_name() -> None:
    """An unknown name says which are known."""
    assert [plan_named(plan.name) for plan in PLANS] == list(PLANS)
    assert all(small.month < large.month for small, large in pairwise(PLANS))
    with pytest.raises(ValueError, match="'Gold'; known are Free Tier, Starter, Professional, Enterprise"):
        plan_named("Gold")


def test_a_wait_names_its_quota() -> None:
    """The ledger's `waiting_for` in words."""
    said = [waiting_for("JustTCG", window) for window in ("day", "month", "minute")]
    assert ["daily quota of JustTCG", "monthly quota of JustTCG", "minute quota of JustTCG"] == said
