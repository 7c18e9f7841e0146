"""When a job runs by itself, at intervals or by cron. What Temporal would refuse or misread is refused."""

import re
from dataclasses import dataclass
from datetime import timedelta

from temporalio.client import ScheduleOverlapPolicy

from mainspring.contracts.message import Message

# Temporal counts in whole seconds.
SHORTEST = timedelta(seconds=1)

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")

# How many days each month has, in a leap year.
LONGEST = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)

# A cron expression's fields: the least and the greatest value, and the names of values.
FIELDS: tuple[tuple[str, int, int, dict[str, int]], ...] = (
    ("minute", 0, 59, {}),
    ("hour", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, {name: number for number, name in enumerate(MONTHS, 1)}),
    ("day of the week", 0, 7, {name: number for number, name in enumerate(DAYS)}),
)
PART = re.compile(r"(?:\*|(?P<first>\w+)(?:-(?P<last>\w+))?)(?:/(?P<step>\d+))?")

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))

# A firing that was missed is made up for if it is not older. A day on which the clock goes back has 25 hours,
# so a daily firing is always made up for. How many were missed does not matter: with SKIP one run is made.
CATCHUP = timedelta(hours=25)

# The catch-up window of what runs every few minutes: the next run finds all that is due.
SOON = timedelta(minutes=10)


class BadDeclaration(TypeError):
    """A schedule cannot work; the message names the schedule and what is wrong with it."""


@dataclass(frozen=True)
class Every:
    """At intervals that are counted from 1970, `offset` later each; no clock change moves them."""

    interval: timedelta
    offset: timedelta = timedelta(0)

    def __post_init__(self) -> None:
        """Refuse what Temporal would."""
        if self.interval < SHORTEST or self.interval % SHORTEST:
            raise BadDeclaration(f"an interval of {self.interval}: whole seconds, 1 or more")
        if not timedelta(0) <= self.offset < self.interval or self.offset % SHORTEST:
            raise BadDeclaration(f"an offset of {self.offset}: whole seconds, less than {self.interval}")

    def words(self) -> str:
        """Return it for people: "every 5 min"."""
        return f"every {span_in_words(self.interval)}" + (
            f" + {span_in_words(self.offset)}" if self.offset else ""
        )


@dataclass(frozen=True, init=False)
class Cron:
    """By the clock of the schedule's zone: minute, hour, day of the month, month, day of the week."""

    expressions: tuple[str, ...]

    def __init__(self, *expressions: str) -> None:
        if not expressions:
            raise BadDeclaration("no cron expression")
        for expression in expressions:
            _check_cron(expression)
        object.__setattr__(self, "expressions", expressions)

    def words(self) -> str:
        """Return it for people: the expressions."""
        return "; ".join(self.expressions)


@dataclass(frozen=True)
class Schedule:
    """When a job runs by itself, and with which input (by default one without any field set).

    `timeout` ends a stuck run, which would hold back every later one. The clock of a Cron is the one of
    `zone`, or of the setting that `zone_setting` names; `enabled_setting` names a setting that switches the
    schedule off. A firing that comes while the last run still works is left out (`overlap` SKIP): the next
    one finds what was due. Up to `jitter` is added to each firing.

    Example:
        EVERY_TEN_MINUTES = Schedule(Every(timedelta(minutes=10)), timeout=timedelta(minutes=8))

        WORKDAYS_AT_NINE = Schedule(
            Cron("0 9 * * mon-fri"),
            timeout=timedelta(hours=1),
            zone="Europe/Berlin",
            jitter=timedelta(minutes=5),
        )
    """

    when: Every | Cron
    timeout: timedelta
    input: Message | None = None
    zone: str = "UTC"
    zone_setting: str | None = None
    enabled_setting: str | None = None
    overlap: ScheduleOverlapPolicy = ScheduleOverlapPolicy.SKIP
    catchup: timedelta = CATCHUP
    jitter: timedelta = timedelta(0)


def _check_cron(expression: str) -> None:
    fields = expression.split()
    if len(fields) != len(FIELDS):
        expected = ", ".join(field[0] for field in FIELDS)
        raise BadDeclaration(f"cron {expression!r}: five fields are needed: {expected}")
    for text, (name, least, greatest, names) in zip(fields, FIELDS, strict=True):
        for part in text.split(","):
            if not _is_part(part.lower(), least, greatest, names):
                raise BadDeclaration(
                    f"cron {expression!r}: {name} {part!r} is not *, or values of {least}-{greatest}"
                )
    if "*" not in {fields[2][0], fields[4][0]}:
        # Other crons fire on either, Temporal only where both match.
        raise BadDeclaration(f"cron {expression!r}: a day of the month or of the week, not both")
    if _values(fields[2], FIELDS[2]).isdisjoint(_days_of(_values(fields[3], FIELDS[3]))):
        raise BadDeclaration(f"cron {expression!r}: no month that it names has such a day: never fires")


def _days_of(months: set[int]) -> range:
    """Return the days that at least one of these months has, in some year."""
    return range(1, max(LONGEST[month - 1] for month in months) + 1)


def _values(text: str, field: tuple[str, int, int, dict[str, int]]) -> set[int]:
    """Return the values that a checked field names, as Temporal reads it: `5/10` goes on to the greatest."""
    _, least, greatest, names = field
    values: set[int] = set()
    for part in text.lower().split(","):
        found = PART.fullmatch(part)
        if found is None:  # the field was checked before
            continue
        first, last, step = found["first"], found["last"], found["step"]
        start = least if first is None else _value(first, names)
        end = greatest if first is None or step else start
        if last is not None:
            end = _value(last, names)
        values.update(range(start, end + 1, int(step or 1)))
    return values


def _value(text: str, names: dict[str, int]) -> int:
    return names[text] if text in names else int(text)


def _is_part(part: str, least: int, greatest: int, names: dict[str, int]) -> bool:
    found = PART.fullmatch(part)
    if found is None or found["step"] == "0":
        return False
    values = [
        names.get(value, int(value) if value.isdecimal() else -1)
        for value in (found["first"], found["last"])
        if value is not None
    ]
    return all(least <= value <= greatest for value in values) and values == sorted(values)


def span_in_words(span: timedelta) -> str:
    """Return a duration of whole seconds for people, exactly: "5 min", "90 s"."""
    seconds = int(span.total_seconds())
    unit, size = next(each for each in UNITS if seconds % each[1] == 0)
    return f"{seconds // size} {unit}"
