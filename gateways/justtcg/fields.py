"""The fields of JustTCG's JSON: texts, moments, and money."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from math import isfinite
from typing import Any

CENT = Decimal("0.01")

# What an integer column of every database holds: about 21 million dollars.
MOST_CENTS = 2**31 - 1

# More digits no number of a card has; Python reads 4,300.
MOST_DIGITS = 1_000

# The longest text of a record; those that have a column of a length have less.
LONGEST_TEXT = 100_000


def required(raw: Mapping[str, Any], name: str, most: int = LONGEST_TEXT) -> str:
    """Read a string that a record cannot be without; a KeyError or ValueError when there is none."""
    value = text(raw[name], most)
    if value is None:
        raise ValueError(f"no {name}")
    return value


def text(value: object, most: int = LONGEST_TEXT) -> str | None:
    """Read a string or a number (the vendor's ids are strings, other people's not always); "" is None.

    Raises ValueError: when it has more than `most` characters.
    """
    found = value if isinstance(value, str) else str(value) if value.__class__ is int else None
    if found is not None and len(found) > most:
        raise ValueError(f"{len(found):,} characters, and at most {most:,} can be")
    return found or None


def count(value: object) -> int:
    """Read a count, nothing being none; one that no column holds is a ValueError or an ArithmeticError."""
    if value is None or value == "":
        return 0
    if not isinstance(value, int | float | str):
        raise TypeError(f"{value!r} is no count")
    found = int(value)
    if abs(found) > MOST_CENTS:
        raise ValueError(f"{value!r} is no count")
    return found


def moment(epoch_seconds: object) -> datetime | None:
    """Read a time; one that is no time is None, for the price beside it is still good."""
    if isinstance(epoch_seconds, bool) or not isinstance(epoch_seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(epoch_seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def day(value: object) -> date | None:
    """Read a day, alone or at the head of a timestamp; anything else is None."""
    try:
        return date.fromisoformat(str(value)[:10])
    except ValueError:
        return None


def cents(dollars: object) -> int | None:
    """Return an amount of decimal dollars in whole cents, half a cent rounded up; None stays None.

    A float is read as the decimal that it prints as, which is what stood on the wire. An amount that is
    no number, negative or beyond `MOST_CENTS` is a TypeError, a ValueError or an ArithmeticError.
    """
    if dollars is None:
        return None
    if isinstance(dollars, bool) or not isinstance(dollars, int | float | str):
        raise TypeError(f"{dollars!r} is no amount of dollars")
    amount = int(Decimal(str(dollars)).quantize(CENT, ROUND_HALF_UP).scaleb(2))
    if not 0 <= amount <= MOST_CENTS:
        raise ValueError(f"{dollars!r} dollars is no price")
    return amount


def whole(digits: str) -> int | float:
    """Read a whole number of JSON; one of more digits than Python reads is endless."""
    return int(digits) if len(digits) <= MOST_DIGITS else float(digits)


def is_endless(value: object) -> bool:
    """Whether it is a number such as 1e400, which no JSON of a database has."""
    return isinstance(value, float) and not isfinite(value)
