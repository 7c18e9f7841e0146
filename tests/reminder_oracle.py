"""An oracle of reminders that shares no code with the service: it looks at every quarter of an hour.

What is owed is kept as sets; nothing is planned a year at a time, and no moment is computed by an offset.
"""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from mainspring.contracts.gifting.occasions import Occasion, Repeats

QUARTER = timedelta(minutes=15)

# A zone is up to so far from UTC.
FARTHEST = timedelta(hours=15)

# A reminder: occasion, day, days before.
Key = tuple[str, date, int]

# Years that the oracle looks ahead.
AHEAD = 4


def wall(moment: datetime, zone: str) -> datetime:
    """Return what a clock on the wall shows."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


def instant(target: datetime, zone: str) -> datetime:
    """Return when a clock on the wall shows this for the first time.

    A time that the clocks leave out is as much later as the clocks go forward.
    """
    at = target.replace(tzinfo=UTC) - FARTHEST
    last = at + 2 * FARTHEST
    while at <= last:
        if wall(at, zone) == target:
            return at
        before, at = at, at + QUARTER
        if wall(before, zone) < target < wall(at, zone):  # the clocks jump over it
            return before + (target - wall(before, zone))
    raise AssertionError(f"{target} in {zone}")


def days_of(occasion: Occasion, since: date) -> list[date]:
    """Return the days of an occasion from a day on."""
    if occasion.repeats is Repeats.ONCE:
        return [occasion.date]
    days = []
    for year in range(since.year, since.year + AHEAD):
        is_leap_day = (occasion.date.month, occasion.date.day) == (2, 29)
        has_leap_day = (date(year, 3, 1) - timedelta(days=1)).day == 29
        day = 28 if is_leap_day and not has_leap_day else occasion.date.day
        days.append(date(year, occasion.date.month, day))
    return [each for each in days if each >= since and each >= occasion.date]


@dataclass
class Someone:
    """A user: the zone, and whether reminders are wanted."""

    zone: str
    wants: bool = True


@dataclass
class Oracle:
    """What is owed, and what was sent at which time."""

    users: dict[str, Someone] = field(default_factory=dict)
    occasions: dict[str, Occasion] = field(default_factory=dict)
    owed: dict[Key, datetime] = field(default_factory=dict)
    handled: set[Key] = field(default_factory=set)
    sent: dict[Key, datetime] = field(default_factory=dict)

    def zone(self, occasion: Occasion) -> str:
        """Return the zone that an occasion goes by."""
        return occasion.time_zone or self.users[occasion.user_id].zone

    def store(self, occasion: Occasion, now: datetime) -> None:
        """Note an occasion as it is from now on."""
        self.occasions[occasion.id] = occasion
        zone = self.zone(occasion)
        wanted: dict[Key, datetime] = {}
        for day in days_of(occasion, wall(now, zone).date()):
            for offset in occasion.offsets:
                target = datetime.combine(day - timedelta(days=offset), occasion.local_time)
                wanted[occasion.id, day, offset] = instant(target, zone)
        due = {key: at for key, at in self.owed.items() if key in wanted and at <= now}
        self.remove_owed(occasion.id)
        fresh = {key: at for key, at in wanted.items() if at >= now and key not in self.handled}
        self.owed |= fresh | due

    def remove_owed(self, occasion_id: str) -> None:
        """Owe nothing of an occasion any more."""
        self.owed = {key: at for key, at in self.owed.items() if key[0] != occasion_id}

    def remove(self, occasion_id: str) -> None:
        """Note that an occasion is gone."""
        self.occasions.pop(occasion_id, None)
        self.remove_owed(occasion_id)

    def move_user(self, user_id: str, zone: str, now: datetime) -> None:
        """Note a user's other zone."""
        self.users[user_id].zone = zone
        for each in list(self.occasions.values()):
            if each.user_id == user_id and each.time_zone is None:
                self.store(each, now)

    def tick(self, now: datetime) -> None:
        """Handle what is due."""
        for key, at in sorted(self.owed.items()):
            if at <= now:
                del self.owed[key]
                self.handled.add(key)
                occasion = self.occasions[key[0]]
                is_over = wall(now, self.zone(occasion)).date() > key[1]
                if self.users[occasion.user_id].wants and not is_over:
                    self.sent[key] = now

    def next_moment(self) -> datetime | None:
        """Return when the next reminder is due."""
        return min(self.owed.values(), default=None)
