"""When a user may be sent a mail: outside of the quiet hours, and not too soon after the last one."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class QuietHours:
    """From a local time to another one, which is on the next day when it is the earlier; none if equal."""

    zone: str
    begin: time
    end: time


def quiet_hours(zone: str, begin: time | None, end: time | None) -> QuietHours | None:
    """Return a user's quiet hours; None when they have not both a begin and an end."""
    return None if begin is None or end is None else QuietHours(zone, begin, end)


def earliest_mail(
    now: datetime, *, quiet: QuietHours | None, last: datetime | None, cooldown: timedelta
) -> datetime:
    """Return when a mail may be sent, now or later: the cooldown first, then the quiet hours."""
    earliest = now if last is None else max(now, last + cooldown)
    return earliest if quiet is None else _after_quiet_hours(earliest, quiet)


def _after_quiet_hours(moment: datetime, quiet: QuietHours) -> datetime:
    local = moment.astimezone(ZoneInfo(quiet.zone))
    clock = local.time()
    if quiet.begin <= quiet.end:
        is_quiet = quiet.begin <= clock < quiet.end
        ends_on = local.date()
    else:
        is_quiet = clock >= quiet.begin or clock < quiet.end
        ends_on = local.date() + timedelta(days=clock >= quiet.begin)
    if not is_quiet:
        return moment
    end = datetime.combine(ends_on, quiet.end, tzinfo=ZoneInfo(quiet.zone)).astimezone(UTC)
    # An end that the clock change repeats: its first time is over, its second one is meant.
    if end <= moment:
        end = datetime.combine(ends_on, quiet.end.replace(fold=1), tzinfo=ZoneInfo(quiet.zone)).astimezone(
            UTC
        )
    return end
