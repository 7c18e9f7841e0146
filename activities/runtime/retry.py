"""Retry decisions: what a failure means for the next attempt, by what the error says of itself.

- `Retry.TRANSIENT` (away, timed out, 5xx): again with a back-off capped at a minute, for an hour.
- `Retry.UNTIL_MENDED` (a full disk, a refused sender, a setting): the same, for as long as it takes.
- `Retry.APPLICATION` (a refusal, bad data, a bug, no end in sight): three attempts from two seconds.
- `Retry.NEVER` (credentials, an account that does not exist, a result too large): fails at once.

Neither of the first two uses up the attempts of application failures. That is `DEFAULT_RETRY`; a job whose
tasks are tried for longer has a `RetryPolicy` of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from temporalio.exceptions import ApplicationError

from mainspring.contracts.retry import Retry, is_of_task, retry_of
from mainspring.contracts.text import readable

Method = TypeVar("Method", bound=Callable[..., Any])

APPLICATION_FIRST_DELAY = timedelta(seconds=2)

# What waits until a person has mended something goes on so soon after that, at the latest.
LONGEST_UNTIL_MENDED = timedelta(minutes=5)

# Nothing waits for longer because an error asks for it: a month is the longest limit that vendors have.
LONGEST_PAUSE = timedelta(days=31)


class AttemptTimedOut(Exception):
    """The attempt did not end within its time limit."""

    def __init__(self, limit: timedelta) -> None:
        super().__init__(f"the attempt was not over after {limit}")


@dataclass(frozen=True)
class RetryPolicy:
    """How long something is tried.

    Application failures get `application_attempts`, the second one after `application_first_delay`, which
    doubles; None lets them count as transient ones. Transient failures are retried for `transient_for`, from
    the first on. Their delays double from `first_delay` up to `longest_delay`.
    """

    application_attempts: int | None = 3
    application_first_delay: timedelta = APPLICATION_FIRST_DELAY
    transient_for: timedelta = timedelta(hours=1)
    first_delay: timedelta = timedelta(seconds=1)
    longest_delay: timedelta = timedelta(minutes=1)


DEFAULT_RETRY = RetryPolicy()


@dataclass(frozen=True)
class Attempts:
    """How something has fared before: failures of each kind, and since when transient failures have come.

    Failures that a person mends are counted with the transient ones, and end the time that those have.
    """

    application_failures: int = 0
    transient_failures: int = 0
    transient_since: datetime | None = None

    def after(self, error: BaseException, now: datetime) -> "Attempts":
        """Return what the next attempt has to know."""
        if is_of_task(error):
            return Attempts(self.application_failures + 1, self.transient_failures, self.transient_since)
        since = None if retry_of(error) is Retry.UNTIL_MENDED else self.transient_since or now
        return Attempts(self.application_failures, self.transient_failures + 1, since)


# Where the method of an activity keeps a policy of its own.
OWN_RETRY = "__mainspring_retry__"


def retried(policy: RetryPolicy) -> Callable[[Method], Method]:
    """Say that an activity is tried otherwise than by `DEFAULT_RETRY`; goes below `@activity.defn`."""

    def mark(method: Method) -> Method:
        setattr(method, OWN_RETRY, policy)
        return method

    return mark


def policy_of(method: Callable[..., Any]) -> RetryPolicy:
    """Return how long an activity is tried."""
    policy: RetryPolicy = getattr(method, OWN_RETRY, DEFAULT_RETRY)
    return policy


def to_failure(
    error: Exception, attempts: Attempts, now: datetime, retry: RetryPolicy = DEFAULT_RETRY
) -> ApplicationError:
    """Return the Temporal failure for an error; `attempts` is how the activity had fared before it.

    It says how long to wait for the next attempt, or that there is none.
    """
    if isinstance(error, ApplicationError):
        return error
    delay = delay_after(error, attempts, now, retry)
    return ApplicationError(
        readable(str(error) or type(error).__name__),
        type=type(error).__name__,
        non_retryable=delay is None,
        next_retry_delay=delay,
    )


def delay_after(
    error: Exception, attempts: Attempts, now: datetime, retry: RetryPolicy = DEFAULT_RETRY
) -> timedelta | None:
    """Return how long to wait until the next attempt; None when there is none."""
    kind = retry_of(error)
    if kind is Retry.NEVER:
        return None
    if kind is Retry.UNTIL_MENDED:
        delay: timedelta | None = min(_backed_off(attempts, retry), LONGEST_UNTIL_MENDED)
    elif kind is Retry.TRANSIENT or retry.application_attempts is None:
        delay = _transient_delay(attempts, now, retry)
    else:
        delay = _application_delay(attempts, retry.application_attempts, retry.application_first_delay)
    pause = getattr(error, "retry_after", None)
    if delay is None or not isinstance(pause, timedelta):
        return delay
    return max(delay, min(pause, LONGEST_PAUSE))


def _transient_delay(attempts: Attempts, now: datetime, retry: RetryPolicy) -> timedelta | None:
    if attempts.transient_since is not None and now - attempts.transient_since >= retry.transient_for:
        return None
    return _backed_off(attempts, retry)


def _backed_off(attempts: Attempts, retry: RetryPolicy) -> timedelta:
    failures = attempts.transient_failures
    if retry.application_attempts is None:
        failures += attempts.application_failures
    # Twenty doublings pass any cap; more would only grow the number.
    return min(retry.first_delay * (1 << min(failures, 20)), retry.longest_delay)


def _application_delay(attempts: Attempts, most: int, first: timedelta) -> timedelta | None:
    if attempts.application_failures + 1 >= most:
        return None
    return first * (1 << attempts.application_failures)
