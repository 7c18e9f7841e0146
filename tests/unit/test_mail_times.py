"""When a user may be sent a mail."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.domain.quiet_hours import QuietHours, earliest_mail

NIGHT = QuietHours("America/New_York", time(22), time(8))
NOON = QuietHours("Europe/Paris", time(12), time(14))
NO_COOLDOWN = timedelta(0)


def new_york(text: str) -> datetime:
    """Return a local time of New York."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("America/New_York"))


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-01-10T21:59", "2026-01-10T21:59"),
        ("2026-01-10T22:00", "2026-01-11T08:00"),
        ("2026-01-11T07:59", "2026-01-11T08:00"),
        ("2026-01-11T08:00", "2026-01-11T08:00"),
        # Nights in which the clocks change: the end is a local time all the same.
        ("2026-03-07T23:30", "2026-03-08T08:00"),
        ("2026-10-31T23:30", "2026-11-01T08:00"),
    ],
)
def test_quiet_hours_end_at_their_local_time(now: str, expected: str) -> None:
    """Also over midnight, and when the clocks change."""
    earliest = earliest_mail(new_york(now).astimezone(UTC), quiet=NIGHT, last=None, cooldown=NO_COOLDOWN)

    assert new_york(expected) == earliest


def test_the_cooldown_comes_first_and_may_lead_into_the_quiet_hours() -> None:
    """Both hold."""
    last = new_york("2026-01-10T21:30")

    earliest = earliest_mail(last, quiet=NIGHT, last=last, cooldown=timedelta(hours=1))

    assert new_york("2026-01-11T08:00") == earliest


@given(
    now=st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(lambda each: each.replace(tzinfo=UTC)),  # noqa: DTZ001  # made aware at once
    begin=st.times(),
    end=st.times(),
    zone=st.sampled_from(
        ["America/New_York", "Europe/Paris", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC"]
    ),
)
def test_a_mail_is_never_in_quiet_hours_nor_a_day_late(
    now: datetime, begin: time, end: time, zone: str
) -> None:
    """Whatever the hours, the zone and the clock changes; and a time that is allowed is taken at once."""
    begin, end = begin.replace(second=0, microsecond=0), end.replace(second=0, microsecond=0)
    quiet = QuietHours(zone, begin, end)

    earliest = earliest_mail(now, quiet=quiet, last=None, cooldown=NO_COOLDOWN)

    clock = earliest.astimezone(ZoneInfo(zone)).time()
    is_quiet = begin <= clock < end if begin <= end else clock >= begin or clock < end
    assert not is_quiet
    assert now <= earliest <= now + timedelta(hours=25)
    assert earliest == earliest_mail(earliest, quiet=quiet, last=None, cooldown=NO_COOLDOWN)
