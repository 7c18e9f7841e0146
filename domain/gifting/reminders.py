"""When somebody is reminded of an occasion, and why not. Pure: the caller says what time it is.

- A reminder's moment is the local time in the zone, so many days before the date, turned into UTC by the
  offset that the zone has on that day.
- A local time that a clock change leaves out (02:30 where the clocks go from 02:00 to 03:00) is as much
  later: 03:30. A local time that comes twice is the first of the two.
- A yearly occasion of 29 February is on 28 February in the years that have no 29th.
- A yearly occasion is planned one year at a time: the next year after the last reminder of the one before.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from mainspring.contracts.gifting.occasions import Occasion, Repeats, SkipReason


@dataclass(frozen=True)
class Planned:
    """A reminder of the occasion on `date`. One that `is_past` is skipped."""

    date: date
    offset: int
    remind_at: datetime
    is_past: bool


def occurrence(day: date, year: int) -> date:
    """Return the day of a yearly occasion in a year."""
    try:
        return day.replace(year=year)
    except ValueError:  # 29 February in a year without one
        return date(year, 2, 28)


def occurs_on(occasion: Occasion, day: date) -> bool:
    """Whether an occasion is on this day."""
    if occasion.repeats is Repeats.ONCE:
        return occasion.date == day
    return day >= occasion.date and occurrence(occasion.date, day.year) == day


def moment(day: date, offset: int, at: time, zone: str) -> datetime:
    """Return when somebody is reminded `offset` days before a day, in UTC."""
    local = datetime.combine(day - timedelta(days=offset), at.replace(fold=0), tzinfo=ZoneInfo(zone))
    return local.astimezone(UTC)


def local_date(now: datetime, zone: str) -> date:
    """Return which day it is in a zone."""
    return now.astimezone(ZoneInfo(zone)).date()


def plan(occasion: Occasion, zone: str, *, now: datetime) -> list[Planned]:
    """Return the reminders of an occasion that is stored now.

    They are those of its date; of a yearly one those of its next date, and if these are all past, those of
    the year after as well.
    """
    if occasion.repeats is Repeats.ONCE:
        return list(_on(occasion, occasion.date, zone, now))
    today = local_date(now, zone)
    first = max(today, occasion.date)
    year = first.year if occurrence(occasion.date, first.year) >= first else first.year + 1
    return _until_open(occasion, year, zone, now)


def plan_after(occasion: Occasion, last: date, zone: str, *, now: datetime) -> list[Planned]:
    """Return the reminders of a yearly occasion for the year after `last`; none for one that comes once."""
    if occasion.repeats is Repeats.ONCE:
        return []
    return _until_open(occasion, max(last, occasion.date).year + 1, zone, now)


def _until_open(occasion: Occasion, first_year: int, zone: str, now: datetime) -> list[Planned]:
    planned: list[Planned] = []
    for year in count(first_year) if occasion.offsets else ():
        planned += _on(occasion, occurrence(occasion.date, year), zone, now)
        if not all(each.is_past for each in planned):
            break
    return planned


def _on(occasion: Occasion, day: date, zone: str, now: datetime) -> Iterator[Planned]:
    for offset in occasion.offsets:
        remind_at = moment(day, offset, occasion.local_time, zone)
        yield Planned(day, offset, remind_at, is_past=remind_at < now)


def skip_reason(
    occasion: Occasion | None, zone: str, day: date, *, wants_any: bool, now: datetime
) -> SkipReason | None:
    """Return why nothing is sent of a reminder that is due; None when it is sent."""
    if occasion is None:
        return SkipReason.OCCASION_NOT_FOUND
    if not occurs_on(occasion, day):
        return SkipReason.OCCASION_MOVED
    if local_date(now, zone) > day:
        return SkipReason.OCCASION_OVER
    return None if wants_any else SkipReason.USER_DISABLED
