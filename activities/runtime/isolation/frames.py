"""What a worker and a process of its own say to each other: Python's own values, over a pair of sockets.

Both ends are the same program, started by the same user: nothing from outside is ever read here.
"""

import asyncio
import pickle
import struct
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from temporalio.activity import Info
from temporalio.exceptions import ApplicationError

from mainspring.contracts.retry import Retry, retry_of

LENGTH = struct.Struct("!I")


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
class Stop:
    """Work no more, when what is under way has come to its end."""


@dataclass(frozen=True)
class Ended:
    """The process has come to its end by itself, in order or by an error."""

    error: Exception | None = None

    @classmethod
    def by(cls, error: Exception) -> "Ended":
        """Return what is told of an error, also of one that cannot be sent."""
        try:
            sent: Exception = pickle.loads(pickle.dumps(error))  # noqa: S301  # just written
        except Exception:  # noqa: BLE001  # whatever its class does when it is read
            sent = RuntimeError(f"{type(error).__name__}: {error}")
        return cls(sent)


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


def send(writer: asyncio.StreamWriter, frame: object) -> None:
    """Send a frame; harmless when nobody is there any more to read it."""
    data = pickle.dumps(frame)
    writer.write(LENGTH.pack(len(data)) + data)


async def receive(reader: asyncio.StreamReader) -> Any:
    """Return the next frame; None when the other end is gone."""
    try:
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        return pickle.loads(await reader.readexactly(length))  # noqa: S301  # from a process of our own
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
