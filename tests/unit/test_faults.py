"""What a failure means: whose it is, and when the next attempt comes, if one comes at all."""

import errno
import os
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.exceptions import ApplicationError

from mainspring.activities.gifting import CollectionActivities
from mainspring.activities.runtime.retry import (
    DEFAULT_RETRY,
    Attempts,
    AttemptTimedOut,
    policy_of,
    to_failure,
)
from mainspring.activities.webhooks import WebhookActivities
from mainspring.contracts.retry import Retry
from mainspring.domain.sizes import TooMuch
from mainspring.gateways.errors import (
    CredentialsRefused,
    MalformedAnswer,
    NotSent,
    Refused,
    ServerFault,
    Unreachable,
)
from mainspring.storage.errors import AccountUnknown, DatabaseAway, SecretUnreadable

START = datetime(2026, 3, 10, 12, tzinfo=UTC)

TRANSIENT = [Unreachable(service="x"), NotSent(service="x"), ServerFault(service="x")]
UNTIL_MENDED = [
    DatabaseAway(),
    SecretUnreadable("7"),
    *(OSError(number, os.strerror(number)) for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)),
]
APPLICATION = [Refused(service="x"), MalformedAnswer(service="x"), ZeroDivisionError(), KeyError("price")]
APPLICATION += [AttemptTimedOut(timedelta(hours=2)), FileNotFoundError(errno.ENOENT, "no such file")]
NON_RETRYABLE = [CredentialsRefused(service="x"), AccountUnknown("7"), TooMuch()]


class ShopCounts(Exception):
    """An error of somebody's own domain, which the core has never heard of."""

    retry = Retry.TRANSIENT


class ShopClosed(Exception):
    """Another one."""

    retry = Retry.NEVER


def by_name(error: object) -> str:
    return type(error).__name__


def failure(
    error: Exception, application: int = 0, transient: int = 0, after: timedelta = timedelta()
) -> ApplicationError:
    """Decide on an error after so many others, the first transient one of which came at the start."""
    return to_failure(error, Attempts(application, transient, START if transient else None), START + after)


@pytest.mark.parametrize("error", TRANSIENT, ids=by_name)
def test_transient_failures_are_tried_again_for_an_hour(error: Exception) -> None:
    """However many attempts that takes; after the hour the failure counts."""
    assert timedelta(seconds=1) == failure(error).next_retry_delay
    late = failure(error, transient=99, after=timedelta(minutes=59))
    assert (timedelta(minutes=1), False) == (late.next_retry_delay, late.non_retryable)
    assert failure(error, transient=99, after=timedelta(hours=1)).non_retryable


@pytest.mark.parametrize("error", TRANSIENT, ids=by_name)
def test_the_hour_counts_from_the_first_transient_failure(error: Exception) -> None:
    """An activity that waited long for a worker has its hour still before it."""
    assert timedelta(seconds=1) == failure(error, after=timedelta(hours=5)).next_retry_delay


@pytest.mark.parametrize("error", UNTIL_MENDED, ids=str)
def test_what_a_person_mends_is_waited_for_however_long_it_takes(error: Exception) -> None:
    """A full disk, the own database, a wrong key: still tried each minute, weeks later."""
    assert timedelta(seconds=1) == failure(error).next_retry_delay
    late = failure(error, application=2, transient=9_999, after=timedelta(weeks=3))
    assert (timedelta(minutes=1), False) == (late.next_retry_delay, late.non_retryable)


def test_the_hour_of_transient_failures_begins_anew_when_something_was_mended() -> None:
    """What the wait for a person took is not counted as the outside's."""
    error = Unreachable(service="x")
    attempts = Attempts().after(error, START).after(OSError(errno.ENOSPC, "full"), START)
    later = START + timedelta(hours=5)

    assert not to_failure(error, attempts, later).non_retryable
    assert later == attempts.after(error, later).transient_since


@pytest.mark.parametrize("error", APPLICATION, ids=by_name)
def test_application_failures_get_three_attempts(error: Exception) -> None:
    """After two and four seconds; the third is the last."""
    decided = [failure(error, application=application) for application in range(3)]

    assert [timedelta(seconds=2), timedelta(seconds=4), None] == [each.next_retry_delay for each in decided]
    assert [False, False, True] == [each.non_retryable for each in decided]


@pytest.mark.parametrize("error", NON_RETRYABLE, ids=by_name)
def test_what_no_attempt_can_change_fails_at_once(error: Exception) -> None:
    """A wrong key stays wrong."""
    assert failure(error).non_retryable


def test_a_domains_own_error_says_itself_whether_it_is_tried_again() -> None:
    """The core knows no domain: an error need not be in any list of it."""
    assert timedelta(minutes=1) == failure(ShopCounts(), transient=99).next_retry_delay
    assert failure(ShopClosed()).non_retryable


def test_a_failure_keeps_its_name_and_its_message() -> None:
    """The ledger shows both; an error without words is shown by its name."""
    with_words, without_words = failure(KeyError("price")), failure(ZeroDivisionError())

    assert ("KeyError", "'price'") == (with_words.type, with_words.message)
    assert ("ZeroDivisionError", "ZeroDivisionError") == (without_words.type, without_words.message)


def test_what_is_decided_already_is_left_as_it_is() -> None:
    """An activity may say itself that there is nothing to retry."""
    decided = ApplicationError("no", non_retryable=True)

    assert decided is failure(decided)


@given(
    errors=st.lists(st.sampled_from([*TRANSIENT, *UNTIL_MENDED, *APPLICATION]), min_size=1, max_size=60),
    seconds=st.integers(0, 3_599),
)
def test_three_application_failures_end_a_job_whatever_lies_between(
    errors: list[Exception], seconds: int
) -> None:
    """Transient failures use up none of the three, and no delay passes a minute."""
    attempts = Attempts()
    for error in errors:
        now = START + timedelta(seconds=seconds)
        decided = to_failure(error, attempts, now)
        is_application_failure = error in APPLICATION
        attempts = attempts.after(error, now)
        assert decided.non_retryable == (attempts.application_failures == 3 and is_application_failure)
        if decided.non_retryable:
            break
        assert decided.next_retry_delay is not None
        assert timedelta() < decided.next_retry_delay <= timedelta(minutes=1)


def test_an_activity_may_say_how_long_it_is_tried() -> None:
    """The day's collections get five attempts; whatever says nothing gets three."""
    policy = policy_of(CollectionActivities.curate)
    delays = [
        to_failure(ZeroDivisionError(), Attempts(failures), START, policy).next_retry_delay
        for failures in range(5)
    ]

    assert [timedelta(seconds=each) for each in (2, 4, 8, 16)] == delays[:4]
    assert delays[4] is None
    assert DEFAULT_RETRY == policy_of(WebhookActivities.deliver)
