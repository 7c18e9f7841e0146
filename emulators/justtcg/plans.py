"""The vendor's plans (its price list, November 2026), and when each of its windows starts.

Kept apart from `domain.cards.quota` on purpose: an emulator that shared the table could not contradict it.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests a minute, a day and a month, and items in one request."""

    minute: int
    day: int
    month: int
    items: int


PLANS = {
    "Free Tier": Limits(minute=10, day=100, month=1_000, items=20),
    "Starter": Limits(minute=50, day=1_000, month=10_000, items=100),
    "Professional": Limits(minute=100, day=5_000, month=50_000, items=100),
    "Enterprise": Limits(minute=500, day=50_000, month=500_000, items=200),
}


def minute_of(now: datetime) -> datetime:
    """Return when the calendar minute began."""
    return now.replace(second=0, microsecond=0)


def day_of(now: datetime) -> datetime:
    """Return when the day began: 00:00 UTC."""
    return now.replace(hour=0, minute=0, second=0, microsecond=0)


def month_of(now: datetime, anchor_day: int) -> datetime:
    """Return when the billing month began: 00:00 UTC of the last anchor day, or of a short month's end."""
    start = _anchored(day_of(now), anchor_day)
    return start if start <= now else _anchored(start.replace(day=1) - timedelta(days=1), anchor_day)


def _anchored(day: datetime, anchor_day: int) -> datetime:
    return day.replace(day=min(anchor_day, monthrange(day.year, day.month)[1]))
