"""The three windows: a rolling minute, the day of UTC, and the month from its anchor day."""

import calendar
from datetime import UTC, datetime, timedelta
from typing import Literal

Window = Literal["minute", "day", "month"]

DAY = timedelta(days=1)

# The shortest month, from one anchor day to the next.
SHORTEST_MONTH = 28 * DAY

# A bucket holds the requests of one second, so that the log stays small. The last of them may have left
# at the very end of it, and may have been a second longer on its way than the next: the bucket counts until
# a minute and a second after that end.
BUCKET_COUNTS_FOR_SECONDS = 62

# Requests by the second (of the epoch) in which they were granted, oldest first; at most 62 buckets.
MinuteLog = tuple[tuple[int, int], ...]


def day_start(now: datetime) -> datetime:
    """Return the 00:00 UTC at or before `now`."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def month_start(anchor_day: int, now: datetime) -> datetime:
    """Return the 00:00 UTC of the last anchor day at or before `now`.

    An anchor day that the month does not have is the month's last: 31 is 28 February, or 29.
    """
    this_month = _anchored(anchor_day, now.astimezone(UTC))
    return this_month if this_month <= now else _anchored(anchor_day, this_month.replace(day=1) - DAY)


def next_month(anchor_day: int, start: datetime) -> datetime:
    """Return the first anchor day that is a whole month after `start`.

    `start` may be another anchor day, told before: then what lies between belongs to its month.
    """
    end = month_end(anchor_day, start)
    return end if end - start >= SHORTEST_MONTH else month_end(anchor_day, end)


def month_end(anchor_day: int, now: datetime) -> datetime:
    """Return the 00:00 UTC of the first anchor day after `now`."""
    this_month = _anchored(anchor_day, now.astimezone(UTC))
    return this_month if this_month > now else _anchored(anchor_day, this_month.replace(day=28) + 4 * DAY)


def _anchored(anchor_day: int, moment: datetime) -> datetime:
    _, last_day = calendar.monthrange(moment.year, moment.month)
    return day_start(moment).replace(day=min(anchor_day, last_day))


def second_of(moment: datetime) -> int:
    """Return the second of the epoch that `moment` lies in."""
    return int(moment.timestamp() // 1)


def instant(second: int) -> datetime:
    """Return the moment at which a second of the epoch begins."""
    return datetime.fromtimestamp(second, UTC)


def logged(log: MinuteLog, now: datetime, count: int) -> MinuteLog:
    """Add requests at `now`, which is in no earlier second than the newest bucket; forget what has left."""
    second = second_of(now)
    kept = [bucket for bucket in log if bucket[0] + BUCKET_COUNTS_FOR_SECONDS > second]
    if kept and kept[-1][0] == second:
        kept[-1] = (second, kept[-1][1] + count)
    else:
        kept.append((second, count))
    return tuple(kept)


def minute_free_at(log: MinuteLog, limit: int) -> datetime | None:
    """Return from when on a minute that ends then holds fewer than `limit`; None: it always does."""
    total = 0
    for second, count in reversed(log):
        total += count
        if total >= limit:
            return instant(second + BUCKET_COUNTS_FOR_SECONDS)
    return None
