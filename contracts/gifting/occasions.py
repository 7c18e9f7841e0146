"""Occasions that people are reminded of, as the platform tells them, and what became of their reminders."""

from datetime import date, time
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field

from mainspring.contracts.effects import EffectState
from mainspring.contracts.fields import Id, LocalTime, Name, Zone, in_words
from mainspring.contracts.message import Message

# Beyond these nobody means a year.
FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2999, 12, 31)

# A yearly occasion is reminded of within the year before it.
LONGEST_OFFSET = 364
MOST_OFFSETS = 10

DEFAULT_OFFSETS = (7, 3, 1)
DEFAULT_TIME = time(9)


class Repeats(StrEnum):
    """How often an occasion comes."""

    ONCE = "once"
    YEARLY = "yearly"


class ReminderState(StrEnum):
    """How far a reminder has come."""

    QUEUED = "QUEUED"
    """Written with its occasion: waits for its moment, or is being sent; next any of those below."""
    SENT = "SENT"
    """Written when the first of its deliveries has arrived. Final."""
    SKIPPED = "SKIPPED"
    """Nothing is sent, for a `SkipReason`. Final."""
    FAILED = "FAILED"
    """Every delivery was refused or given up. Final, but a retry of a delivery's task may send it."""


class SkipReason(StrEnum):
    """Why somebody is not reminded: the first when an occasion is stored, the others when it is due."""

    PAST = "past"
    """The moment was over when the occasion was stored."""
    ALREADY_SENT = "already-sent"
    """A reminder of this occasion, date and offset was handed over before."""
    USER_DISABLED = "user-disabled"
    """The user wants no reminders, or none by any channel."""
    OCCASION_NOT_FOUND = "occasion-not-found"
    """The occasion was removed, or its user."""
    OCCASION_MOVED = "occasion-moved"
    """The occasion was moved while the reminder was about to be sent; the new date has its own."""
    OCCASION_OVER = "occasion-over"
    """The day of the occasion was over before anything could be sent."""
    NO_DEVICE = "no-device"
    """The user wants pushes only, and has no device for them."""


class Channel(StrEnum):
    """How a reminder is sent."""

    MAIL = "mail"
    PUSH = "push"


def _day(day: date) -> date:
    if not FIRST_DAY <= day <= LAST_DAY:
        raise ValueError("it is no year of ours")
    return day


def _split(value: Any) -> Any:
    """Return the numbers of a text such as `7 3 1`, which a CSV file has."""
    if isinstance(value, str):
        value = value.replace(",", " ").replace(";", " ").split()
        return [int(each) if each.isascii() and each.isdecimal() else each for each in value]
    return value


def _descending(offsets: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(sorted(set(offsets), reverse=True))


def _is_day(value: Any) -> bool:
    return isinstance(value, date) or (isinstance(value, str) and "-" in value)


Day = Annotated[
    date,
    AfterValidator(_day),
    in_words(f"a date such as 2026-12-24, from {FIRST_DAY} to {LAST_DAY}", _is_day),
]
Offsets = Annotated[
    tuple[Annotated[int, Field(ge=0, le=LONGEST_OFFSET, strict=True)], ...],
    Field(max_length=MOST_OFFSETS),
    AfterValidator(_descending),
    BeforeValidator(_split),
    in_words(f"up to {MOST_OFFSETS} whole numbers of days from 0 to {LONGEST_OFFSET}, such as 7 3 1"),
]


class Occasion(Message):
    """A day that a user is reminded of, `offsets` days before, at `local_time` in the zone.

    Without `time_zone` the zone is the user's, also when the user moves. `recipient` is a name: whom the gift
    is for. A yearly occasion of 29 February is on 28 February in the years that have no 29th.
    """

    id: Id
    user_id: Id
    title: Name
    date: Day
    repeats: Annotated[Repeats, in_words("once or yearly")] = Repeats.ONCE
    recipient: Name | None = None
    time_zone: Zone | None = None
    local_time: LocalTime = DEFAULT_TIME
    offsets: Offsets = DEFAULT_OFFSETS


class ReminderDelivery(Message):
    """A reminder on its way by one channel: an effect of the ledger. `device_id` is that of a push."""

    effect_id: UUID
    channel: Channel
    device_id: str | None
    state: EffectState
    error: str | None


class Reminder(Message):
    """A reminder of an occasion on a `date`, and what became of it. `offset` is in days before the date."""

    id: UUID
    date: date
    offset: int
    remind_at: AwareDatetime
    state: ReminderState
    reason: str | None
    dispatched_at: AwareDatetime | None
    settled_at: AwareDatetime | None
    deliveries: tuple[ReminderDelivery, ...] = ()


class OccasionTimeline(Message):
    """An occasion with all of its reminders, the earliest first."""

    occasion: Occasion
    time_zone: str
    reminders: tuple[Reminder, ...]
