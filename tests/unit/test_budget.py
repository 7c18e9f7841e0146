"""Budgets with windows of their own, against an oracle that remembers every grant."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from mainspring.contracts.retry import Retry, retry_of
from mainspring.domain.quota import (
    BudgetState,
    Calendar,
    CostAboveLimit,
    Exhausted,
    Granted,
    Rolling,
    Spent,
    WindowBudget,
)

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TOKENS = WindowBudget("Claude", "tokens", (Rolling("minute", 1_000, MINUTE), Calendar("day", 3_000, "day")))


def granted(answer: Granted[BudgetState] | Exhausted[BudgetState]) -> BudgetState:
    assert isinstance(answer, Granted), answer
    return answer.state


@dataclass
class Oracle:
    """Every grant: when, and of how many units."""

    budget: WindowBudget
    grants: list[tuple[datetime, int]] = field(default_factory=list)

    def is_within(self, window: Rolling | Calendar) -> bool:
        """Whether no time of the window's length holds more than its limit."""
        if isinstance(window, Calendar):
            days = {at.date() for at, _ in self.grants}
            return all(
                sum(units for at, units in self.grants if at.date() == day) <= window.limit for day in days
            )
        return all(
            sum(units for at, units in self.grants if timedelta(0) <= at - first < window.span)
            <= window.limit
            for first, _ in self.grants
        )


budgets = st.builds(
    lambda minute, day, span: WindowBudget(
        "x", "tokens", (Rolling("minute", minute, span), Calendar("day", day, "day"))
    ),
    st.integers(5, 12),
    st.integers(10, 30),
    st.sampled_from([timedelta(seconds=10), MINUTE, timedelta(hours=1)]),
)
calls = st.lists(
    st.tuples(
        st.one_of(
            st.timedeltas(timedelta(0), timedelta(seconds=20)), st.timedeltas(timedelta(0), timedelta(days=1))
        ),
        st.integers(1, 5),
    ),
    max_size=40,
)


@settings(deadline=None, max_examples=150)
@given(budget=budgets, wanted=calls)
def test_no_window_is_passed_and_who_waits_is_granted(
    budget: WindowBudget, wanted: list[tuple[timedelta, int]]
) -> None:
    """However the costs differ; `resumes_at` grants, and no moment before it does."""
    oracle, state, now = Oracle(budget), budget.fresh(NOON), NOON
    for wait, cost in wanted:
        now += wait
        answer = budget.reserve(state, cost, now)
        if isinstance(answer, Exhausted):
            before = answer.resumes_at - timedelta(microseconds=1)
            assert answer.resumes_at > now
            assert isinstance(budget.reserve(answer.state, cost, before), Exhausted)
            now = answer.resumes_at
            answer = budget.reserve(answer.state, cost, now)
        state = granted(answer)
        oracle.grants.append((now, cost))
    assert all(oracle.is_within(window) for window in budget.windows)


@settings(deadline=None, max_examples=150)
@given(budget=budgets, wanted=calls, errors=st.lists(st.timedeltas(timedelta(minutes=-4), timedelta(0))))
def test_clocks_that_differ_grant_no_more_together(
    budget: WindowBudget, wanted: list[tuple[timedelta, int]], errors: list[timedelta]
) -> None:
    """By the clock of whoever was granted, no window holds more than its limit."""
    oracle, state, now = Oracle(budget), budget.fresh(NOON), NOON
    for number, (wait, cost) in enumerate(wanted):
        now += wait
        error = errors[number % len(errors)] if errors else timedelta(0)
        answer = budget.reserve(state, cost, now + error)
        state = answer.state
        if isinstance(answer, Granted):
            oracle.grants.append((now + error, cost))
    assert all(oracle.is_within(window) for window in budget.windows)


def test_the_longest_wait_names_the_window() -> None:
    """A full minute inside a full day waits for the day."""
    state = TOKENS.fresh(NOON)
    for minute in range(3):
        state = granted(TOKENS.reserve(state, 1_000, NOON + 2 * minute * MINUTE))

    full = TOKENS.reserve(state, 1, NOON + 4 * MINUTE)

    assert isinstance(full, Exhausted)
    assert ("day", datetime(2026, 3, 11, tzinfo=UTC)) == (full.window, full.resumes_at)
    assert (True, False) == (TOKENS.is_brief("minute"), TOKENS.is_brief("day"))


def test_a_call_that_never_left_is_given_back_with_its_cost() -> None:
    """The window has room for it again."""
    state = granted(TOKENS.reserve(TOKENS.fresh(NOON), 900, NOON))
    assert isinstance(TOKENS.reserve(state, 900, NOON), Exhausted)

    state = TOKENS.release(state, 900, NOON)

    assert isinstance(TOKENS.reserve(state, 900, NOON), Granted)


@pytest.mark.parametrize(("spent", "room"), [(100, 900), (1_000, 0), (500, 500)])
def test_what_a_call_has_cost_takes_the_place_of_what_was_reserved(spent: int, room: int) -> None:
    """An estimate is corrected in both directions."""
    state = granted(TOKENS.reserve(TOKENS.fresh(NOON), 500, NOON))

    state = TOKENS.observe(state, 500, Spent(spent), NOON, NOON)

    if room:
        assert isinstance(TOKENS.reserve(state, room, NOON), Granted)
    assert isinstance(TOKENS.reserve(state, room + 1, NOON), Exhausted)


@pytest.mark.parametrize(
    ("window", "retry_after", "until"),
    [
        ("minute", timedelta(seconds=7), NOON + timedelta(seconds=7)),
        ("minute", None, NOON + MINUTE),
        ("day", None, datetime(2026, 3, 11, tzinfo=UTC)),
    ],
)
def test_a_window_that_the_vendor_calls_full_is_left_alone(
    window: str, retry_after: timedelta | None, until: datetime
) -> None:
    """As long as it asks for, or until the window has passed."""
    state = TOKENS.exceeded(TOKENS.fresh(NOON), window, retry_after, NOON, NOON)

    full = TOKENS.reserve(state, 1, NOON)

    assert isinstance(full, Exhausted)
    assert (window, until) == (full.window, full.resumes_at)
    assert isinstance(TOKENS.reserve(state, 1, until), Granted)


def test_a_limit_that_the_budget_does_not_know_is_heeded() -> None:
    """A vendor may have a window of its own; to ask again at once would be refused again, without end."""
    blocked = TOKENS.exceeded(BudgetState(), "hour", timedelta(minutes=9), NOON, NOON)

    refused = TOKENS.reserve(blocked, 1, NOON)
    assert isinstance(refused, Exhausted)
    assert ("hour", NOON + timedelta(minutes=9)) == (refused.window, refused.resumes_at)
    granted(TOKENS.reserve(blocked, 1, NOON + timedelta(minutes=9)))


@pytest.mark.parametrize("reserved_at", [-1, 0, 29])
def test_a_vendor_whose_day_has_not_ended_yet_costs_a_minute(reserved_at: int) -> None:
    """Its clock may be behind: the day that has begun here is not given up, whatever it asks to wait."""
    midnight = NOON.replace(day=11, hour=0)
    now = midnight + timedelta(seconds=max(reserved_at, 1))
    for retry_after in (None, timedelta(days=1)):
        state = TOKENS.exceeded(
            TOKENS.fresh(NOON), "day", retry_after, midnight + timedelta(seconds=reserved_at), now
        )

        full = TOKENS.reserve(state, 1, now)

        assert isinstance(full, Exhausted)
        assert now + MINUTE == full.resumes_at


def test_an_operator_lifts_what_the_vendor_asked_to_wait() -> None:
    """What is used stays used."""
    state = granted(TOKENS.reserve(TOKENS.fresh(NOON), 900, NOON))
    state = TOKENS.lift(TOKENS.exceeded(state, "day", timedelta(days=31), NOON, NOON))

    assert isinstance(TOKENS.reserve(state, 100, NOON), Granted)
    assert isinstance(TOKENS.reserve(state, 101, NOON), Exhausted)


def test_a_call_that_costs_more_than_a_window_has_fails_at_once() -> None:
    """It could wait for ever."""
    with pytest.raises(
        CostAboveLimit, match="Claude: 1001 tokens in one call: the minute has 1000"
    ) as caught:
        TOKENS.reserve(TOKENS.fresh(NOON), 1_001, NOON)

    assert Retry.NEVER is retry_of(caught.value)


def test_a_state_of_a_clock_that_was_wrong_holds_up_nobody_for_long() -> None:
    """What it counted stays counted, as of now."""
    state = granted(TOKENS.reserve(TOKENS.fresh(NOON), 900, NOON + timedelta(days=365)))

    full = TOKENS.reserve(state, 900, NOON)

    assert isinstance(full, Exhausted)
    assert full.resumes_at <= NOON + 2 * MINUTE


def test_a_month_begins_on_its_anchor_day() -> None:
    """The 31st is the last day of a month that has none."""
    cents = WindowBudget("Claude", "cents", (Calendar("month", 500, "month", anchor_day=31),))
    state = granted(cents.reserve(cents.fresh(NOON), 500, NOON))

    full = cents.reserve(state, 1, NOON)

    assert isinstance(full, Exhausted)
    assert datetime(2026, 3, 31, tzinfo=UTC) == full.resumes_at


def test_a_state_outlives_the_database() -> None:
    """It is stored as JSON, and read back as it was."""
    states = TypeAdapter(BudgetState)
    state = granted(TOKENS.reserve(TOKENS.fresh(NOON), 900, NOON))
    state = TOKENS.exceeded(state, "day", None, NOON, NOON)

    assert state == states.validate_python(states.dump_python(state, mode="json"))
