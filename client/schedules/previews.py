"""What is going to fire, and what a change of the clock does to it."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from temporalio.client import ScheduleDescription

from mainspring.client.schedules.changes import zone_of
from mainspring.client.schedules.clock_changes import (
    ClockChange,
    clock_changes,
    goes_on,
    has_time,
    is_every_hour,
)
from mainspring.config.zones import zone_named

# An hourly schedule fires so often on the day on which the clock goes back. What fires more often is counted.
HOURLY = 25


@dataclass(frozen=True)
class Planned:
    """A firing, the `count` firings of a day from `at` on, or, with a count of 0, one that does not come.

    `at` is in the schedule's own zone; `note` tells of a change of the clock.
    """

    at: datetime
    schedule_id: str
    count: int = 1
    note: str = ""


def planned(
    described: ScheduleDescription, times: Sequence[datetime], start: datetime, end: datetime, *, each: bool
) -> list[Planned]:
    """Return what a schedule does at `times`, which are all from `start` to `end`, in the order of time.

    What fires more often than hourly is counted by the day, unless `each` firing is asked for.
    """
    zone = zone_named(zone_of(described.schedule))
    local = [moment.astimezone(zone) for moment in times]
    days = Counter(moment.date() for moment in local)
    changes = clock_changes(zone, start, end)
    if not each and days and max(days.values()) > HOURLY:
        return list(_by_day(described.id, local, days, changes))
    fired = _firings(described, local, changes)
    return in_order([*fired, *_left_out(described, zone, changes)])


def in_order(entries: Iterable[Planned]) -> list[Planned]:
    """Return entries in the order in which they come, which the clock of a zone alone does not tell."""
    return sorted(entries, key=lambda entry: (entry.at.timestamp(), entry.count))


def _by_day(
    schedule_id: str, local: Sequence[datetime], days: Counter[date], changes: Sequence[ClockChange]
) -> Iterator[Planned]:
    seen: set[date] = set()
    for moment in local:
        if moment.date() not in seen:
            seen.add(moment.date())
            changed = [each for each in changes if each.at.astimezone(moment.tzinfo).date() == moment.date()]
            yield Planned(moment, schedule_id, days[moment.date()], "; ".join(c.words() for c in changed))


def _firings(
    described: ScheduleDescription, local: Sequence[datetime], changes: Sequence[ClockChange]
) -> Iterator[Planned]:
    calendars = described.schedule.spec.calendars
    to_tell, told = list(changes), []
    for moment in local:
        notes = []
        while to_tell and to_tell[0].at <= moment:
            told.append(to_tell.pop(0))
            notes.append(told[-1].words())
        is_as_ever = goes_on(calendars, moment, told[-1]) if told else is_every_hour(calendars)
        if calendars and moment.fold and not is_as_ever:
            notes.append(f"{moment:%H:%M} comes twice")
        yield Planned(moment, described.id, note="; ".join(notes))


def _left_out(
    described: ScheduleDescription, zone: ZoneInfo, changes: Sequence[ClockChange]
) -> Iterator[Planned]:
    calendars = described.schedule.spec.calendars
    for change in changes:
        for minute in change.left_out() if change.is_forward else ():
            if has_time(calendars, minute) and not goes_on(calendars, minute, change):
                note = f"does not fire: there is no {minute:%H:%M} on {minute:%Y-%m-%d}"
                yield Planned(change.at.astimezone(zone), described.id, count=0, note=note)
