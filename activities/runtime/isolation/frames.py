"""What a worker and a process that runs its activities say to each other, as `gateways.frames`."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.activity import Info
from temporalio.exceptions import ApplicationError

from mainspring.contracts.retry import Retry, retry_of


@dataclass(frozen=True)
class Run:
    """Run an activity, as the attempt that `info` tells of."""

    info: Info
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Cancel:
    """Cancel the activity that runs."""


@dataclass(frozen=True)
class ShuttingDown:
    """The worker ends soon: the activity that runs may learn of that."""


@dataclass(frozen=True)
class Ready:
    """The process can be given an activity."""

    pid: int


@dataclass(frozen=True)
class Heartbeat:
    """What the activity has told of itself."""

    details: tuple[Any, ...]


@dataclass(frozen=True)
class Returned:
    """The activity has returned a result."""

    result: Any


@dataclass(frozen=True)
class Cancelled:
    """The activity has ended because it was cancelled."""


@dataclass(frozen=True)
class Failed:
    """The activity has failed, and what that means for its next attempt."""

    message: str
    type: str | None
    non_retryable: bool
    next_retry_delay: timedelta | None
    retry: Retry

    @classmethod
    def of(cls, error: ApplicationError) -> "Failed":
        """Return what is told of an error."""
        retry = retry_of(error.__cause__ or error)
        return cls(error.message, error.type, error.non_retryable, error.next_retry_delay, retry)

    def error(self) -> ApplicationError:
        """Return the error that was told of."""
        return FailedInIsolation(self)


class FailedInIsolation(ApplicationError):
    """The failure of an activity in another process, which says of itself what it said there."""

    def __init__(self, failed: Failed) -> None:
        super().__init__(
            failed.message,
            type=failed.type,
            non_retryable=failed.non_retryable,
            next_retry_delay=failed.next_retry_delay,
        )
        self.retry = failed.retry
