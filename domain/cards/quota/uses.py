"""What is used of a key's windows at a moment, for people."""

from dataclasses import dataclass
from datetime import datetime

from mainspring.domain.cards.quota.decisions import turned
from mainspring.domain.cards.quota.state import QuotaState
from mainspring.domain.cards.quota.windows import (
    BUCKET_COUNTS_FOR_SECONDS,
    DAY,
    Window,
    instant,
    next_month,
    second_of,
)


@dataclass(frozen=True, slots=True)
class WindowUse:
    """So much of a window's limit is used, requests on their way among it; `resets_at` says until when.

    Of the rolling minute that is when its oldest requests leave it.
    """

    window: Window
    limit: int
    used: int
    left: int
    resets_at: datetime | None


def uses(state: QuotaState, now: datetime) -> tuple[WindowUse, ...]:
    """Return what is used of the minute, the day and the month."""
    state = turned(state, now)
    minute = [each for each in state.minute if each[0] + BUCKET_COUNTS_FOR_SECONDS > second_of(now)]
    free_at = instant(minute[0][0] + BUCKET_COUNTS_FOR_SECONDS) if minute else None
    month_end = next_month(state.anchor_day, state.month.start)
    return (
        _use("minute", state.limits.minute, sum(count for _, count in minute), free_at),
        _use("day", state.limits.day, state.day.used, state.day.start + DAY),
        _use("month", state.limits.month, state.month.used, month_end),
    )


def _use(window: Window, limit: int, used: int, resets_at: datetime | None) -> WindowUse:
    return WindowUse(window, limit, used, max(limit - used, 0), resets_at)
