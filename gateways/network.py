"""Whether anything outside can be reached from here: a fault of our own network is not a receiver's.

A receiver that was taken away and a cable that was pulled look the same: nobody answers. What answers of
the others tells them apart.
"""

import errno
import socket
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from mainspring.contracts.retry import MACHINE_ERRORS, Retry
from mainspring.gateways.errors import NotSent

# For so long an answer of anybody says that the network is there.
HEARD_FOR = timedelta(minutes=10)

# What the system says of a connection that nothing has answered, or that it does not let out (EACCES, EPERM).
SILENCE = frozenset(
    {
        errno.EACCES,
        errno.EADDRNOTAVAIL,
        errno.EHOSTUNREACH,
        errno.ENETDOWN,
        errno.ENETUNREACH,
        errno.EPERM,
        errno.ETIMEDOUT,
    }
)

# What the system says where no server of names has answered, or none answers us; no such name is an answer.
NO_NAMES = frozenset({socket.EAI_AGAIN, socket.EAI_FAIL})


class NetworkAway(NotSent):
    """Nothing outside can be reached from here."""

    retry = Retry.UNTIL_MENDED


class Network:
    """When a receiver was last heard. `seconds` is the clock."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._heard_at = float("-inf")

    @property
    def is_heard(self) -> bool:
        """Whether anybody has answered lately."""
        return self._seconds() - self._heard_at < HEARD_FOR.total_seconds()

    def hear(self) -> None:
        """Note an answer, whatever it says."""
        self._heard_at = self._seconds()

    def judge(self, error: Exception, *, was_heard: bool) -> type[NotSent]:
        """Return what a connection that did not come up is: NetworkAway is ours, NotSent the receiver's.

        `was_heard` is `is_heard` as it was when the attempt began: an attempt that began without a network
        says nothing of its receiver, though the network is back when the attempt ends.
        """
        causes = list(_causes(error))
        if any(_is_of_machine(each) for each in causes):
            return NetworkAway
        if any(_is_silence(each) for each in causes):
            return NotSent if was_heard else NetworkAway
        self.hear()  # a host that refuses a connection has answered, and so has a server of names
        return NotSent


def _is_of_machine(error: BaseException) -> bool:
    # The numbers of a gaierror are others.
    return (
        isinstance(error, OSError)
        and not isinstance(error, socket.gaierror)
        and error.errno in MACHINE_ERRORS
    )


def _is_silence(error: BaseException) -> bool:
    if isinstance(error, socket.gaierror):
        return error.errno in NO_NAMES
    return isinstance(error, TimeoutError) or (isinstance(error, OSError) and error.errno in SILENCE)


def _causes(error: BaseException) -> Iterator[BaseException]:
    cause: BaseException | None = error
    while cause is not None:
        yield cause
        cause = cause.__cause__ or cause.__context__
