"""What an answer asks to wait, in every form that is met, and never for longer than its reader allows."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

# From here on a number is no duration: the seconds, or the milliseconds, since 1970.
FIRST_EPOCH_SECOND = 1_000_000_000
FIRST_EPOCH_MILLISECOND = 1_000 * FIRST_EPOCH_SECOND

# Of more digits than that no form has a number.
MOST_DIGITS = 13


def retry_after(headers: Mapping[str, str], longest: timedelta) -> timedelta | None:
    """Return what `Retry-After` asks for, from nothing up to `longest`; None when it cannot be read.

    A date, or an epoch, is measured against the answer's own `Date`, not our clock.
    """
    value = headers.get("Retry-After", "").strip()
    try:
        wait = _wait(value, headers, longest)
    except (ValueError, TypeError, KeyError, OverflowError):
        return None
    return min(max(wait, timedelta()), longest)


def _wait(value: str, headers: Mapping[str, str], longest: timedelta) -> timedelta:
    if not value.isdecimal():
        return parsedate_to_datetime(value) - parsedate_to_datetime(headers["Date"])
    digits = value.lstrip("0") or "0"
    if len(digits) > MOST_DIGITS:
        return longest
    number = int(digits)
    if number < FIRST_EPOCH_SECOND:
        return timedelta(seconds=number)
    seconds = number / 1_000 if number >= FIRST_EPOCH_MILLISECOND else number
    return datetime.fromtimestamp(seconds, UTC) - parsedate_to_datetime(headers["Date"])
