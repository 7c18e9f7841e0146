"""What fields of messages have in common: refusals in words, and what columns of the database take."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Any
from zoneinfo import available_timezones

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)

from mainspring.contracts.mail import LONGEST_ADDRESS, is_one_line, is_web_link, wire_address

# What an integer column of the database takes.
LARGEST_INTEGER = 2**31 - 1

# What is looked for by its age is at most so old: the calendar has a beginning.
LONGEST_AGE = timedelta(days=3650)


def in_words(accepted: str, is_form: Callable[[Any], bool] = lambda _value: True) -> WrapValidator:
    """Refuse a value in words that somebody who has a file to mend understands.

    `is_form` refuses what pydantic would take for something else than its author meant.
    """

    def check(value: Any, parse: ValidatorFunctionWrapHandler) -> Any:
        try:
            if is_form(value):
                return parse(value)
        except ValidationError:
            pass
        raise ValueError(accepted)

    return WrapValidator(check)


def is_whole(value: Any) -> bool:
    """Whether a value is a whole number, and no 100.00, which would be read as a hundred."""
    if isinstance(value, str):
        digits = value.removeprefix("-")
        return digits.isascii() and digits.isdigit()
    return isinstance(value, int) and not isinstance(value, bool)


def is_moment(value: Any) -> bool:
    """Whether it is no number, as 20261201 is one: the seconds since 1970 would be meant."""
    return isinstance(value, datetime) or (isinstance(value, str) and ":" in value)


def _to_utc(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("it has no zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise ValueError("it is beyond the calendar") from None


def _check_local(clock: time) -> time:
    if clock.tzinfo is not None:
        raise ValueError("it has a zone")
    return clock


def _check_line(text: str) -> str:
    if not is_one_line(text):
        raise ValueError("it has a line break or a control character")
    return text


def _check_link(link: str) -> str:
    if not is_web_link(link):
        raise ValueError("no mail can have it")
    return link


def _check_address(address: str) -> str:
    wire_address(address)
    return address


def _check_zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("there is no such zone")
    return name


Id = Annotated[
    str,
    StringConstraints(min_length=1, max_length=200),
    AfterValidator(_check_line),
    in_words("a text of 1 to 200 characters on one line"),
]
Name = Annotated[
    str,
    StringConstraints(min_length=1, max_length=500),
    AfterValidator(_check_line),
    in_words("a text of 1 to 500 characters on one line"),
]
Url = Annotated[
    str,
    StringConstraints(max_length=2000),
    AfterValidator(_check_link),
    in_words(
        "an address of at most 2000 characters that begins with https:// or http://, "
        'without spaces, ", < and >'
    ),
]
Address = Annotated[
    str,
    StringConstraints(max_length=LONGEST_ADDRESS),
    AfterValidator(_check_address),
    in_words("an e-mail address such as anna@example.org, without a name, and in ASCII before the @"),
]
Currency = Annotated[
    str, StringConstraints(pattern="^[A-Z]{3}$"), in_words("three capital letters such as EUR")
]
Locale = Annotated[
    str,
    StringConstraints(max_length=50, pattern="^[a-z]{2,3}([-_][A-Za-z0-9]{2,8})*$"),
    in_words("a language such as de, or de-AT"),
]
Zone = Annotated[
    str, AfterValidator(_check_zone), in_words("the name of an IANA time zone such as Europe/Paris")
]
Cents = Annotated[
    int,
    Field(ge=0, le=LARGEST_INTEGER),
    in_words(f"a whole number of minor units (1299 for 12.99) from 0 to {LARGEST_INTEGER}", is_whole),
]
# A shop that oversells tells less than none: the product is sold out.
Stock = Annotated[
    int,
    Field(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER),
    in_words(f"a whole number from -{LARGEST_INTEGER} to {LARGEST_INTEGER}", is_whole),
]
Flag = Annotated[bool, in_words("true or false, yes or no, 1 or 0")]
Moment = Annotated[
    datetime,
    AfterValidator(_to_utc),
    in_words("a time with its zone such as 2026-12-01T09:00+01:00 or 2026-12-01T08:00Z", is_moment),
]
LocalTime = Annotated[
    time,
    AfterValidator(_check_local),
    in_words("a time of day such as 22:00, without a zone", lambda value: isinstance(value, str | time)),
]
