"""The one place that decides what a failure means: gateway and storage errors become Temporal failures.

- *The world's* (away, timed out, 5xx): retried with a back-off capped at a minute, for an hour.
- *The job's own* (a refusal, bad data, a bug): three attempts from two seconds.
- *Hopeless* (credentials, an account that does not exist): fails at once.

Attempts of the first kind do not use up those of the second.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.exceptions import ApplicationError

from gateways.errors import CredentialsRefused, WorldError
from storage.errors import AccountUnknown, DatabaseAway, SecretUnreadable

WORLD = (WorldError, DatabaseAway)
HOPELESS = (CredentialsRefused, AccountUnknown, SecretUnreadable)

OWN_ATTEMPTS = 3
OWN_FIRST_DELAY = timedelta(seconds=2)
WORLD_FIRST_DELAY = timedelta(seconds=1)
WORLD_LONGEST_DELAY = timedelta(minutes=1)
WORLD_PATIENCE = timedelta(hours=1)


@dataclass(frozen=True)
class Attempts:
    """How an activity has fared: all attempts with this one, its own failures before, its first start."""

    number: int
    own_failures: int
    first_scheduled_at: datetime


def is_own(error: BaseException) -> bool:
    """Whether a failure uses up one of the job's own attempts."""
    return not isinstance(error, WORLD)


def to_failure(error: Exception, attempts: Attempts, now: datetime) -> ApplicationError:
    """Return the Temporal failure for an error, with the delay until the next attempt or none to come."""
    if isinstance(error, ApplicationError):
        return error
    delay = _delay(error, attempts, now)
    return ApplicationError(
        str(error) or type(error).__name__,
        type=type(error).__name__,
        non_retryable=delay is None,
        next_retry_delay=delay,
    )


def _delay(error: Exception, attempts: Attempts, now: datetime) -> timedelta | None:
    if isinstance(error, HOPELESS):
        return None
    return _world_delay(attempts, now) if isinstance(error, WORLD) else _own_delay(attempts)


def _world_delay(attempts: Attempts, now: datetime) -> timedelta | None:
    if now - attempts.first_scheduled_at >= WORLD_PATIENCE:
        return None
    # Six doublings pass the cap; more would only grow the number.
    doublings = min(attempts.number - 1, 6)
    return min(WORLD_FIRST_DELAY * (1 << doublings), WORLD_LONGEST_DELAY)


def _own_delay(attempts: Attempts) -> timedelta | None:
    failures = attempts.own_failures + 1
    return None if failures >= OWN_ATTEMPTS else OWN_FIRST_DELAY * (1 << (failures - 1))
