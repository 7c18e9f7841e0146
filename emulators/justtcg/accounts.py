"""The API keys that the emulator knows, and what each has used: the vendor's own counters."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mainspring.emulators.justtcg.plans import Limits, day_of, minute_of, month_of

# How many requests `_metadata` is behind, as seen with the vendor.
LAG = 1


@dataclass(slots=True)
class Counter:
    """Requests in one window, which began at `since`."""

    since: datetime | None = None
    used: int = 0

    def roll(self, since: datetime) -> None:
        """Start from nothing when a new window has begun."""
        if since != self.since:
            self.since, self.used = since, 0


@dataclass(slots=True)
class Account:
    """One API key with its plan."""

    key: str
    plan: str
    limits: Limits
    anchor_day: int
    minute: Counter = field(default_factory=Counter)
    day: Counter = field(default_factory=Counter)
    month: Counter = field(default_factory=Counter)

    def exhausted(self, now: datetime) -> str | None:
        """Return the code of the longest window that has nothing left; None while all have."""
        self._roll(now)
        if self.month.used >= self.limits.month:
            return "REQUEST_LIMIT_EXCEEDED"
        if self.day.used >= self.limits.day:
            return "DAILY_LIMIT_EXCEEDED"
        return "RATE_LIMIT_EXCEEDED" if self.minute.used >= self.limits.minute else None

    def count(self, now: datetime, requests: int = 1) -> None:
        """Count requests against every window."""
        self._roll(now)
        for counter in (self.minute, self.day, self.month):
            counter.used += requests

    def metadata(self, now: datetime) -> dict[str, Any]:
        """Return the `_metadata` of an answer; its counters are one request behind."""
        self._roll(now)
        day, month = max(0, self.day.used - LAG), max(0, self.month.used - LAG)
        return {
            "apiPlan": self.plan,
            "apiRequestLimit": self.limits.month,
            "apiDailyLimit": self.limits.day,
            "apiRateLimit": self.limits.minute,
            "apiRequestsUsed": month,
            "apiDailyRequestsUsed": day,
            "apiRequestsRemaining": self.limits.month - month,
            "apiDailyRequestsRemaining": self.limits.day - day,
        }

    def _roll(self, now: datetime) -> None:
        self.minute.roll(minute_of(now))
        self.day.roll(day_of(now))
        self.month.roll(month_of(now, self.anchor_day))
