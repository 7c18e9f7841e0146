"""What is kept for one key."""

from dataclasses import dataclass
from datetime import datetime

from mainspring.domain.cards.quota.plans import Limits, Plan
from mainspring.domain.cards.quota.windows import MinuteLog, Window, day_start, month_start


@dataclass(frozen=True, slots=True)
class Counter:
    """Requests of a calendar window that began at `start`.

    `unsettled` of them left so soon after it that the vendor may count them in the window before.
    """

    start: datetime
    used: int
    unsettled: int = 0


@dataclass(frozen=True, slots=True)
class Block:
    """No request before `until`: the vendor has said so of `window`."""

    window: Window
    until: datetime


@dataclass(frozen=True, slots=True)
class Report:
    """What the vendor said was used of the month, in an answer to a request of the moment `at`."""

    month_used: int
    at: datetime


@dataclass(frozen=True, slots=True)
class QuotaState:
    """What is used of one key's quota, and what the vendor has taught about it.

    `plan` and `plan_anchor_day` are what the accounts say; `limits` and `anchor_day` are what holds, which
    the vendor may have corrected: then, with a `vendor_plan` or `is_anchor_taught`, accounts that say
    something else change nothing. `report` is refreshed only now and then, to save writes.
    """

    plan: str
    plan_anchor_day: int
    limits: Limits
    anchor_day: int
    day: Counter
    month: Counter
    minute: MinuteLog = ()
    block: Block | None = None
    report: Report | None = None
    vendor_plan: str | None = None
    is_anchor_taught: bool = False


def fresh(plan: Plan, anchor_day: int, now: datetime) -> QuotaState:
    """Return the state of a key that nothing is known about; the anchor day is 1 to 31."""
    return QuotaState(
        plan=plan.name,
        plan_anchor_day=anchor_day,
        limits=plan.limits,
        anchor_day=anchor_day,
        day=Counter(day_start(now), 0),
        month=Counter(month_start(anchor_day, now), 0),
    )
