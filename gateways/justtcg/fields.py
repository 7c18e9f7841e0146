"""The single values of a record: strict for what is needed, lenient for what is not."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any


def required(raw: Mapping[str, Any], name: str) -> str:
    """Read a string that a record cannot be without; a KeyError or ValueError when it is absent or empty."""
    value = text(raw[name])
    if value is None:
        raise ValueError(f"no {name}")
    return value


def text(value: object) -> str | None:
    """Read a string or a number (the vendor's ids are strings, other people's not always); "" is None."""
    if value.__class__ is str:
        return value or None
    return str(value) if value.__class__ is int else None


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
