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
    """How an activity has fared before: failures of each kind, and since when the world fails it."""

    own_failures: int = 0
    world_failures: int = 0
    world_since: datetime | None = None

    def after(self, error: BaseException, now: datetime) -> "Attempts":
        """Return what the next attempt has to know."""
        if isinstance(error, WORLD):
            return Attempts(self.own_failures, self.world_failures + 1, self.world_since or now)
        return Attempts(self.own_failures + 1, self.world_failures, self.world_since)


def to_failure(error: Exception, attempts: Attempts, now: datetime) -> ApplicationError:
    """Return the Temporal failure for an error; `attempts` is how the activity had fared before it.

    It says how long to wait for the next attempt, or that there is none.
    """
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
    if attempts.world_since is not None and now - attempts.world_since >= WORLD_PATIENCE:
        return None
    # Six doublings pass the cap; more would only grow the number.
    return min(WORLD_FIRST_DELAY * (1 << min(attempts.world_failures, 6)), WORLD_LONGEST_DELAY)


def _own_delay(attempts: Attempts) -> timedelta | None:
    if attempts.own_failures + 1 >= OWN_ATTEMPTS:
        return None
    return OWN_FIRST_DELAY * (1 << attempts.own_failures)
