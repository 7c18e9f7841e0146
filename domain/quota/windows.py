"""Windows of a budget, as data: a rolling span, or the day or month of a calendar (UTC)."""

import calendar
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)

# Units by the moment (a second of the epoch) at which a bucket begins, oldest first.
Buckets = tuple[tuple[int, int], ...]

# A span is kept in about so many buckets, so that what is stored stays small; a full window opens at most
# one bucket later than it might.
BUCKETS_PER_SPAN = 60

# How much longer one call may be on its way than the next: the vendor counts calls when they come.
TRAVEL_MARGIN = SECOND

# How far the clocks of several machines, and the vendor's, are taken to differ.
CLOCK_TOLERANCE = timedelta(seconds=30)

# A bucket this far ahead of the clock was written by a clock that was wrong, and is not waited for.
BROKEN_CLOCK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Rolling:
    """At most `limit` units in any time of this length, as for a minute's requests."""

    name: str
    limit: int
    span: timedelta

    @property
    def bucket(self) -> timedelta:
        """The length of a bucket, in whole seconds."""
        return max(SECOND, timedelta(seconds=int(self.span.total_seconds()) // BUCKETS_PER_SPAN))

    def start_of_bucket(self, now: datetime) -> int:
        """Return the beginning of the bucket that counts what leaves at `now`."""
        size = int(self.bucket.total_seconds())
        return int(now.timestamp()) // size * size

    def counted_until(self, start: int) -> datetime:
        """Return until when a bucket counts: what is in it may have left at its very end, and come late."""
        return _moment(start) + self.bucket + self.span + TRAVEL_MARGIN


@dataclass(frozen=True, slots=True)
class Calendar:
    """At most `limit` units in a day of UTC, or in a month from its `anchor_day` (1 to 31).

    An anchor day that a month does not have is that month's last.
    """

    name: str
    limit: int
    period: Literal["day", "month"]
    anchor_day: int = 1

    def start_of_bucket(self, now: datetime) -> int:
        """Return the beginning of the day or month that counts what leaves at `now`."""
        return int(self._start(now).timestamp())

    def is_settled(self, reserved_at: datetime, now: datetime) -> bool:
        """Whether a call of `reserved_at` surely counts in the present day or month for the vendor too."""
        return reserved_at >= self._start(now) + CLOCK_TOLERANCE

    def counted_until(self, start: int) -> datetime:
        """Return when the day or month that begins at `start` ends."""
        began = _moment(start)
        if self.period == "day":
            return began + DAY
        this_month = self._anchored(began)
        # The 28th and four days are in the next month, whichever it is.
        return this_month if this_month > began else self._anchored(began.replace(day=28) + 4 * DAY)

    def _start(self, now: datetime) -> datetime:
        today = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        if self.period == "day":
            return today
        this_month = self._anchored(today)
        return this_month if this_month <= today else self._anchored(today.replace(day=1) - DAY)

    def _anchored(self, moment: datetime) -> datetime:
        _, last_day = calendar.monthrange(moment.year, moment.month)
        return moment.replace(day=min(self.anchor_day, last_day))


Window = Rolling | Calendar


def kept(window: Window, buckets: Buckets, now: datetime) -> Buckets:
    """Return the buckets that still count at `now`.

    Those of a clock that was wrong are taken for the present ones: what is counted stays counted.
    """
    if buckets and _moment(buckets[-1][0]) - now > BROKEN_CLOCK:
        return ((window.start_of_bucket(now), sum(units for _, units in buckets)),)
    return tuple(each for each in buckets if window.counted_until(each[0]) > now)


def added(window: Window, buckets: Buckets, units: int, now: datetime) -> Buckets:
    """Return the buckets with units that leave at `now`, which is not before the newest one."""
    counts = dict(buckets)
    start = window.start_of_bucket(now)
    counts[start] = counts.get(start, 0) + units
    return tuple(counts.items())


def free_at(window: Window, buckets: Buckets, units: int, now: datetime) -> datetime:
    """Return the first moment from `now` on at which the window has room for so many units.

    A clock that is behind the newest bucket waits until it has caught up, so that clocks which differ never
    grant more together.
    """
    room = window.limit - sum(count for _, count in buckets)
    moment = max(now, _moment(buckets[-1][0])) if buckets else now
    for start, count in buckets:
        if room >= units:
            break
        moment, room = max(moment, window.counted_until(start)), room + count
    return moment


def _moment(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)
