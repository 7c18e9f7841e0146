"""What an error says of itself: whether another attempt may help. `activities/runtime/retry.py` goes by it.

class StockLocked(Exception):
retry = Retry.TRANSIENT
"""

import errno
from enum import Enum

# What the machine says when it has no room, cannot be written to, or has no more of something: EDQUOT is a
# quota of the disk, EMFILE and ENFILE are open files, EAGAIN is a process that cannot be begun.
MACHINE_ERRORS = frozenset(
    {
        errno.ENOSPC,
        errno.EDQUOT,
        errno.EROFS,
        errno.EIO,
        errno.EMFILE,
        errno.ENFILE,
        errno.EAGAIN,
    }
)


class Retry(Enum):
    """Whether, and for how long, what has failed is tried again. An error says it as its class's `retry`."""

    TRANSIENT = "transient"
    """The outside is away: waiting helps. Tried for an hour, and uses up none of the task's attempts."""

    UNTIL_MENDED = "until_mended"
    """The installation's own fault, which a person mends: a full disk, a refused sender, a setting. Tried
    until then, and uses up none of the task's attempts."""

    APPLICATION = "application"
    """The task's own failure: three attempts. What an error is that says nothing."""

    NEVER = "never"
    """No attempt can change it: the task fails at once."""


def retry_of(error: BaseException) -> Retry:
    """Return what an error says of itself. A full disk says so by its number, whichever code meets it."""
    retry = getattr(error, "retry", None)
    if isinstance(retry, Retry):
        return retry
    is_of_machine = isinstance(error, OSError) and error.errno in MACHINE_ERRORS
    return Retry.UNTIL_MENDED if is_of_machine else Retry.APPLICATION


def is_of_task(error: BaseException) -> bool:
    """Whether a failure is the task's own, and uses up one of the task's attempts."""
    return retry_of(error) in {Retry.APPLICATION, Retry.NEVER}
