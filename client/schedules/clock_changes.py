"""When the clocks of a zone are changed, and which times of day there are twice or not at all then."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from temporalio.client import ScheduleCalendarSpec, ScheduleRange

DAY = timedelta(days=1)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
HOURS = 24


@dataclass(frozen=True)
class ClockChange:
    """At `at` (UTC) the clock goes from the offset `before` to `after`."""

    at: datetime
    before: timedelta
    after: timedelta

    @property
    def is_forward(self) -> bool:
        """Whether times of day are left out; else some are there twice."""
        return self.after > self.before

    def left_out(self) -> Iterator[datetime]:
        """Give every minute, by the clock, that does not exist."""
        moment, end = (self.at.replace(tzinfo=None) + offset for offset in (self.before, self.after))
        while moment < end:
            yield moment
            moment += MINUTE

    def words(self) -> str:
        """Return it for people."""
        shift = int(abs(self.after - self.before) / MINUTE)
        return f"the clock went {'forward' if self.is_forward else 'back'} {shift} min"


def clock_changes(zone: ZoneInfo, start: datetime, end: datetime) -> list[ClockChange]:
    """Return the changes of a zone's clock between two moments, the first one first."""
    changes = []
    moment, end = start.astimezone(UTC), end.astimezone(UTC)
    while moment < end:
        until = min(moment + DAY, end)
        before, after = _offset(zone, moment), _offset(zone, until)
        if before != after:
            changes.append(ClockChange(_first_with(zone, after, moment, until), before, after))
        moment = until
    return changes


def _first_with(zone: ZoneInfo, offset: timedelta, low: datetime, high: datetime) -> datetime:
    while high - low > SECOND:
        middle = low + (high - low) / 2
        low, high = (low, middle) if _offset(zone, middle) == offset else (middle, high)
    return (high + SECOND / 2).replace(microsecond=0)


def _offset(zone: ZoneInfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or timedelta(0)


def is_every_hour(calendars: Sequence[ScheduleCalendarSpec]) -> bool:
    """Whether calendars have a time in every hour of the day."""
    return all(any(_has(calendar.hour, hour) for calendar in calendars) for hour in range(HOURS))


def goes_on(calendars: Sequence[ScheduleCalendarSpec], minute: datetime, change: ClockChange) -> bool:
    """Whether what fires in every hour fires, at a minute of the change, as if there was no change.

    Where the clock is changed by half an hour, what fires at a quarter past does not.
    """
    moved = minute.replace(tzinfo=None) + abs(change.after - change.before)
    return is_every_hour(calendars) and has_time(calendars, moved)


def has_time(calendars: Sequence[ScheduleCalendarSpec], minute: datetime) -> bool:
    """Whether one of the calendars has a time in this minute."""
    return any(matches(calendar, minute) for calendar in calendars)


def matches(calendar: ScheduleCalendarSpec, minute: datetime) -> bool:
    """Whether a calendar of Temporal's has a time in this minute, by the clock of its zone."""
    return all(
        _has(field, value)
        for field, value in (
            (calendar.minute, minute.minute),
            (calendar.hour, minute.hour),
            (calendar.day_of_month, minute.day),
            (calendar.month, minute.month),
            (calendar.day_of_week, minute.isoweekday() % 7),
        )
    ) and (not calendar.year or _has(calendar.year, minute.year))


def _has(ranges: Sequence[ScheduleRange], value: int) -> bool:
    return any(value in range(each.start, max(each.end, each.start) + 1, each.step or 1) for each in ranges)
