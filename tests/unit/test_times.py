"""Times as people type them."""

from datetime import UTC, datetime, timedelta

import pytest

from mainspring.client.errors import BadInput
from mainspring.client.jobs.new_task import later_start
from mainspring.client.time_input import moment, moment_or_span_ago, span

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def test_a_duration_is_days_hours_minutes_and_seconds() -> None:
    """In this order, any of them left out."""
    assert [timedelta(days=2), timedelta(minutes=90), timedelta(seconds=45)] == [
        span(text, "--in") for text in ("2d", "1h30m", "45S")
    ]


@pytest.mark.parametrize("text", ["36501d", "99999999d", "9999999999d", "9" * 5_000 + "s"])
def test_a_duration_that_no_calendar_reaches_is_refused_by_its_name(text: str) -> None:
    """The message names the option, the value and what is the longest; so it does for a time ago."""
    for typed, option in ((span, "--in"), (moment_or_span_ago, "--since")):
        with pytest.raises(BadInput) as refused:
            typed(text, option)
        assert f"{option}: {text!r} is not accepted: 36500d is the longest" == str(refused.value)


def test_the_longest_duration_leads_somewhere() -> None:
    """Forwards and back."""
    assert later_start(None, span("36500d", "--in"), now=NOON) == NOON + timedelta(days=36_500)
    assert datetime(1900, 1, 1, tzinfo=UTC) < moment_or_span_ago("36500d", "--since") < NOON


@pytest.mark.parametrize("text", ["0001-01-01T00:00+14:00", "yesterday", "2026-13-01"])
def test_a_moment_that_is_none_is_refused(text: str) -> None:
    """With an example of one."""
    with pytest.raises(BadInput, match=r"--at: .* is not accepted: a time such as"):
        moment(text, "--at")


def test_a_delay_beyond_the_calendar_is_refused_from_whatever_client() -> None:
    """Not everybody types it at the command line."""
    with pytest.raises(BadInput, match="delay: 99999999 days, 0:00:00 is not accepted"):
        later_start(None, timedelta(days=99_999_999), now=NOON)
