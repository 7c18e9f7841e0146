"""Times as people type them: "10m", "1h30m", "2026-05-01T08:00"."""

import re
from datetime import UTC, datetime, timedelta

from mainspring.client.errors import BadInput
from mainspring.config.zones import zone_named

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
# What is further off is a slip of the finger, and beyond what calendars reach.
LONGEST = timedelta(days=36_500)
SPAN = re.compile(r"(?:(?P<d>\d+)d)?(?:(?P<h>\d+)h)?(?:(?P<m>\d+)m)?(?:(?P<s>\d+)s)?")


def span(text: str, option: str) -> timedelta:
    """Return a duration written as days, hours, minutes and seconds: "2d", "1h30m", "45s"."""
    found = SPAN.fullmatch(text.strip().lower())
    if found is None or not any(found.groups()):
        raise BadInput(f"{option}: {text!r} is not accepted: a duration such as 45s, 10m, 1h30m or 2d")
    too_long = BadInput(f"{option}: {text!r} is not accepted: {LONGEST.days}d is the longest")
    try:
        parsed = timedelta(**{UNITS[unit]: int(count) for unit, count in found.groupdict().items() if count})
    except (OverflowError, ValueError):  # int() takes no more than some thousand digits
        raise too_long from None
    if parsed > LONGEST:
        raise too_long
    return parsed


def moment(text: str, option: str) -> datetime:
    """Return an ISO 8601 time; one without a zone is in the reader's own."""
    try:
        return datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        raise BadInput(
            f"{option}: {text!r} is not accepted: a time such as 2026-05-01T08:00 or 2026-05-01T08:00Z"
        ) from None


def moment_in(text: str, option: str, zone: str) -> datetime:
    """Return an ISO 8601 time; one without a zone of its own is in `zone`."""
    try:
        parsed = datetime.fromisoformat(text.strip())
    except ValueError:
        raise BadInput(
            f"{option}: {text!r} is not accepted: a time such as 2026-05-01T08:00 or 2026-05-01T08:00Z"
        ) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=zone_named(zone))


def moment_or_span_ago(text: str, option: str) -> datetime:
    """Return an ISO 8601 time, or the moment that was a duration ago."""
    if SPAN.fullmatch(text.strip().lower()):
        return datetime.now(UTC) - span(text, option)
    try:
        return moment(text, option)
    except BadInput as error:
        raise BadInput(f"{error}, or a duration ago such as 2h or 1h30m") from None
