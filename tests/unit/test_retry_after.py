"""What answers ask to wait, in all forms that vendors send."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from mainspring.activities.runtime.retry import Attempts, delay_after
from mainspring.domain.quota import Exhausted, Rolling, WindowBudget
from mainspring.gateways.errors import LimitExceeded
from mainspring.gateways.justtcg.refusals import QuotaExceeded, refusal
from mainspring.gateways.retry_after import retry_after

DATE = "Tue, 10 Mar 2026 12:00:00 GMT"
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
EPOCH = int(NOON.timestamp()) + 90
HOUR = timedelta(hours=1)
WAIT = timedelta(seconds=90)


@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("90", WAIT),
        ("Tue, 10 Mar 2026 12:01:30 GMT", WAIT),
        ("Tue, 10 Mar 2026 11:00:00 GMT", timedelta()),
        (str(EPOCH), WAIT),
        (f"{EPOCH}000", WAIT),
        ("0", timedelta()),
        ("60000", HOUR),
        ("9" * 15, HOUR),
        ("9" * 400, HOUR),
        ("9" * 5_000, HOUR),
        ("Fri, 31 Dec 9999 23:59:59 GMT", HOUR),
        ("-5", None),
        ("soon", None),
        ("", None),
    ],
)
def test_each_form_is_read_and_bounded(value: str, wait: timedelta | None) -> None:
    """Seconds, a date, an epoch, milliseconds, and what cannot be."""
    assert wait == retry_after({"Retry-After": value, "Date": DATE}, HOUR)


def test_an_epoch_or_a_date_beside_no_date_is_not_guessed() -> None:
    """Our clock may differ from the vendor's."""
    assert retry_after({"Retry-After": str(EPOCH)}, HOUR) is None
    assert retry_after({"Retry-After": DATE}, HOUR) is None


@pytest.mark.parametrize("value", ["1795900000", "1795900000000", "60000", "9" * 400])
def test_a_minutes_limit_is_waited_for_minutes_at_most(value: str) -> None:
    """A key WAITING until 2083 could do nothing, and nobody could help it."""
    error = refusal(
        httpx.Response(
            429, headers={"Retry-After": value, "Date": DATE}, json={"code": "RATE_LIMIT_EXCEEDED"}
        )
    )
    assert isinstance(error, QuotaExceeded)
    assert error.retry_after is not None
    assert error.retry_after <= timedelta(minutes=5)


def test_a_budget_does_not_fall_off_the_calendar() -> None:
    """Whatever a gateway of somebody's own has read."""
    budget = WindowBudget("a vendor", "requests", (Rolling("minute", 5, timedelta(minutes=1)),))
    state = budget.exceeded(budget.fresh(NOON), "minute", timedelta.max, NOON, NOON)
    full = budget.reserve(state, 1, NOON)
    assert isinstance(full, Exhausted)
    assert full.resumes_at <= NOON + timedelta(days=31)


def test_an_error_of_an_authors_own_does_not_fall_off_the_calendar() -> None:
    """Temporal takes no wait of a million years."""
    error = LimitExceeded(service="the mint", retry_after=timedelta.max)
    assert timedelta(days=31) == delay_after(error, Attempts(), NOON)
