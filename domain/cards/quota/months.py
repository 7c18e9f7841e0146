"""How the vendor's count of the month is believed: it may lag, restart late, or on another day."""

from dataclasses import replace
from datetime import datetime, timedelta

from mainspring.domain.cards.quota.boundaries import at_least
from mainspring.domain.cards.quota.plans import FREE, Usage
from mainspring.domain.cards.quota.state import Counter, QuotaState, Report
from mainspring.domain.cards.quota.windows import day_start, month_start

# A paid month begins "on successful payment": how long after the anchor day that may take. Ours, the vendor
# gives no figure.
PAYMENT_TAKES = timedelta(days=3)


def awaits_payment(state: QuotaState, reserved_at: datetime) -> bool:
    """Whether the vendor may still count a paid month that has ended by the calendar."""
    return (
        (state.vendor_plan or state.plan) != FREE.name
        and state.report is not None
        and state.report.at < state.month.start
        and reserved_at - state.month.start <= PAYMENT_TAKES
    )


def month_observed(state: QuotaState, usage: Usage, reserved_at: datetime) -> QuotaState:
    """Learn the count of the month from the answer to a request of `reserved_at`, which is settled in it.

    A count that drops by more than it can lag is a billing cycle that began anew: that day is the anchor.
    """
    last = state.report
    if last is None:
        return _month_reported(state, usage, reserved_at)
    if awaits_payment(state, reserved_at):
        continues = usage.month_used >= last.month_used
        return state if continues else _month_reported(state, usage, reserved_at)
    if reserved_at < last.at:
        return state
    # An answer is less than a minute late, so it is behind by no more than a minute's requests.
    lag = state.limits.minute
    if usage.plan != FREE.name and usage.month_used + lag < last.month_used:
        return _month_restarted(state, usage, reserved_at)
    if last.at < state.month.start or usage.month_used >= last.month_used + lag:
        return _month_reported(state, usage, reserved_at)
    return replace(state, month=at_least(state.month, usage.month_used))


def _month_reported(state: QuotaState, usage: Usage, reserved_at: datetime) -> QuotaState:
    report = Report(usage.month_used, reserved_at)
    return replace(state, month=at_least(state.month, usage.month_used), report=report)


def _month_restarted(state: QuotaState, usage: Usage, reserved_at: datetime) -> QuotaState:
    start = day_start(reserved_at)
    is_anchor_day = month_start(state.anchor_day, reserved_at) == start
    return replace(
        state,
        anchor_day=state.anchor_day if is_anchor_day else start.day,
        is_anchor_taught=True,
        month=Counter(start, usage.month_used),
        report=Report(usage.month_used, reserved_at),
    )
