"""How the state of a key changes: a request is reserved, given back, answered, or refused for a limit.

A request is counted from its reservation on, and is given back only when it certainly never left. The
vendor does not say whether it counts the requests that it refuses with 429: here they stay counted.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from mainspring.domain.cards.quota.boundaries import at_least, counted, given_back, is_settled, located
from mainspring.domain.cards.quota.months import awaits_payment, month_observed
from mainspring.domain.cards.quota.plans import Limits, Plan, Usage
from mainspring.domain.cards.quota.sharing import called_with
from mainspring.domain.cards.quota.state import Block, Counter, QuotaState
from mainspring.domain.cards.quota.windows import (
    DAY,
    SHORTEST_MONTH,
    Window,
    day_start,
    instant,
    logged,
    minute_free_at,
    month_start,
    next_month,
    second_of,
)
from mainspring.domain.quota import Exhausted, Granted

# A state this far ahead of the clock was written by a clock that was wrong, and is not waited for.
BROKEN_CLOCK = timedelta(minutes=5)

# How often to look whether a paid month that has ended by the calendar has begun anew.
PAYMENT_PROBE = timedelta(hours=1)

MINUTE = timedelta(seconds=60)
SHORTEST_BLOCK = timedelta(seconds=1)

# No vendor blocks a key for longer, whatever it asks for: a month is the longest window there is.
LONGEST_BLOCK = timedelta(days=31)


def reserve(
    state: QuotaState, plan: Plan, anchor_day: int, now: datetime
) -> Granted[QuotaState] | Exhausted[QuotaState]:
    """Count one request at `now`, or say which window is full and until when.

    A clock that is behind the state is told to wait until it has caught up, so that clocks which differ
    never grant more. Accounts that share the key may differ in plan and anchor day.
    """
    state = turned(called_with(state, plan, anchor_day), now)
    waits = _waits(state, now)
    if waits:
        resumes_at, window = max(waits, key=lambda wait: wait[0])
        return Exhausted(window, resumes_at, state)
    return Granted(
        now,
        replace(
            state,
            minute=logged(state.minute, now, 1),
            day=counted(state.day, now),
            month=counted(state.month, now),
            block=None,
        ),
    )


def release(state: QuotaState, reserved_at: datetime) -> QuotaState:
    """Give back a request that certainly never left, in the windows that still count it."""
    second = second_of(reserved_at)
    minute = tuple((at, count - (at == second)) for at, count in state.minute)
    return replace(
        state,
        minute=tuple(bucket for bucket in minute if bucket[1]),
        day=given_back(state.day, reserved_at),
        month=given_back(state.month, reserved_at),
    )


def observe(state: QuotaState, usage: Usage, reserved_at: datetime, now: datetime) -> QuotaState:
    """Learn from the answer to a request of `reserved_at`: limits and plan as told, counts only upwards.

    Counts are corrected upwards because the vendor's may lag, and do not hold what is on its way; downwards
    by no more than the requests of about the time of a reset that the vendor counts in the window before it.
    """
    state = turned(replace(state, limits=_limits_told(usage, state.limits), vendor_plan=usage.plan), now)
    state = replace(state, day=located(state.day, usage.day_used, reserved_at, state.minute))
    if not awaits_payment(state, reserved_at):
        state = replace(state, month=located(state.month, usage.month_used, reserved_at, state.minute))
    if is_settled(state.day, reserved_at):
        state = replace(state, day=at_least(state.day, usage.day_used))
    return month_observed(state, usage, reserved_at) if is_settled(state.month, reserved_at) else state


def exceeded(
    state: QuotaState, window: Window, retry_after: timedelta | None, reserved_at: datetime, now: datetime
) -> QuotaState:
    """Learn that a request of `reserved_at` was refused because `window` is full.

    A full day or month is full until its reset; close to a reset, the vendor's clock may only be behind,
    and the request is tried again within a minute, whatever the vendor asks to wait.
    """
    state = turned(state, now)
    wait = min(max(MINUTE if retry_after is None else retry_after, SHORTEST_BLOCK), LONGEST_BLOCK)
    if window == "day" and is_settled(state.day, reserved_at):
        return replace(state, day=at_least(state.day, state.limits.day))
    if window == "month" and awaits_payment(state, reserved_at):
        return _blocked(state, window, now + PAYMENT_PROBE)
    if window == "month" and is_settled(state.month, reserved_at):
        return replace(state, month=at_least(state.month, state.limits.month))
    return _blocked(state, window, now + (wait if window == "minute" else min(wait, MINUTE)))


def turned(state: QuotaState, now: datetime) -> QuotaState:
    """Return the state in the day and the month of `now`."""
    day, month = day_start(now), month_start(state.anchor_day, now)
    if _newest(state) - now > BROKEN_CLOCK:
        total = sum(count for _, count in state.minute)
        minute = ((second_of(now), total),) if total else ()
        kept = Counter(day, state.day.used), Counter(month, state.month.used)
        return replace(state, minute=minute, day=kept[0], month=kept[1], block=None, report=None)
    return replace(
        state,
        day=state.day if day <= state.day.start else Counter(day, 0),
        # A boundary that comes too soon is that of an anchor day told since: the month goes on to the next.
        month=Counter(month, 0) if month - state.month.start >= SHORTEST_MONTH else state.month,
        block=_believed(state.block, now),
    )


def _believed(block: Block | None, now: datetime) -> Block | None:
    """Return the block, unless it is longer than any: an earlier release took such ones from vendors."""
    return None if block is None or block.until - now > LONGEST_BLOCK else block


def _newest(state: QuotaState) -> datetime:
    """Return the latest moment that has surely been, by some machine's clock."""
    starts = max(state.day.start, state.month.start)
    return max(starts, instant(state.minute[-1][0])) if state.minute else starts


def _waits(state: QuotaState, now: datetime) -> list[tuple[datetime, Window]]:
    """Return what a request has to wait for; the longer window first, which names the wait in a tie."""
    waits: list[tuple[datetime | None, Window]] = [
        (
            next_month(state.anchor_day, state.month.start)
            if state.month.used >= state.limits.month
            else None,
            "month",
        ),
        (state.day.start + DAY if state.day.used >= state.limits.day else None, "day"),
        (state.block.until, state.block.window) if state.block else (None, "minute"),
        (minute_free_at(state.minute, state.limits.minute), "minute"),
        (_newest(state), "minute"),
    ]
    return [(until, window) for until, window in waits if until is not None and until > now]


def _limits_told(usage: Usage, known: Limits) -> Limits:
    # A limit of nothing would never let the request leave that could correct it.
    return Limits(
        minute=usage.minute_limit if usage.minute_limit > 0 else known.minute,
        day=usage.day_limit if usage.day_limit > 0 else known.day,
        month=usage.month_limit if usage.month_limit > 0 else known.month,
    )


def _blocked(state: QuotaState, window: Window, until: datetime) -> QuotaState:
    if state.block is not None and state.block.until >= until:
        return state
    return replace(state, block=Block(window, until))
