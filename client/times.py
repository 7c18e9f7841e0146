"""Times and durations as people read them."""

from datetime import UTC, datetime, timedelta


def when(moment: datetime | None) -> str:
    """Return a time in the reader's own zone: with seconds today, with the date on another day."""
    if moment is None:
        return ""
    local, today = moment.astimezone(), datetime.now(UTC).astimezone()
    if local.date() == today.date():
        return local.strftime("%H:%M:%S")
    return local.strftime("%d %b %H:%M" if local.year == today.year else "%Y-%m-%d %H:%M")


def when_exactly(moment: datetime | None) -> str:
    """Return a time as `when` does, with the name of its zone."""
    return "" if moment is None else f"{when(moment)} {moment.astimezone().tzname()}"


def how_long(start: datetime | None, until: datetime | None) -> str:
    """Return how long something took, or has taken so far."""
    return "" if start is None else duration((until or datetime.now(UTC)) - start)


def duration(span: timedelta) -> str:
    """Return a duration for people: "4.2 s", "5 min", "2.5 h", "3 d"."""
    seconds = span.total_seconds()
    for unit, size in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= size:
            return f"{round(seconds / size, 1):g} {unit}"
    return f"{seconds:.1f} s"
