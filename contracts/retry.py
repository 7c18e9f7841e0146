"""What an error says of itself: whether another attempt may help. `activities/runtime/retry.py` goes by it.

class StockLocked(Exception):
retry = Retry.TRANSIENT
"""

from enum import Enum


class Retry(Enum):
    """Whether, and for how long, what has failed is tried again. An error says it as its class's `retry`."""

    TRANSIENT = "transient"
    """The outside is away: waiting helps. Tried for an hour, and uses up none of the task's attempts."""

    APPLICATION = "application"
    """The task's own failure: three attempts. What an error is that says nothing."""

    NEVER = "never"
    """No attempt can change it: the task fails at once."""


def retry_of(error: BaseException) -> Retry:
    """Return what an error says of itself."""
    retry = getattr(error, "retry", None)
    return retry if isinstance(retry, Retry) else Retry.APPLICATION
