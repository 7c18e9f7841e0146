"""A circuit: while a server is away, nobody but one at a time tries it."""

import time
from collections.abc import Callable
from datetime import timedelta

# So long, at the most, is a server left alone that refuses us again and again.
LONGEST_COOLDOWN = timedelta(minutes=5)


class CircuitBreaker:
    """Is open for `cooldown` after each failure; then the next who asks may try, and the others wait on.

    A server that refuses us, again and again, is left alone for longer each time.
    """

    def __init__(self, cooldown: timedelta, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._cooldown = cooldown.total_seconds()
        self._open_until: float | None = None
        self._is_tried = False
        self._refusals = 0
        self.because = ""

    def wait(self) -> timedelta | None:
        """Return how long nobody may try; None when the one who asks may, and shall say how it went."""
        left = self._left()
        if left is None:
            return None
        if left > 0:
            return timedelta(seconds=left)
        # Whoever asks while this one tries is sent away as well; one that never says how it went costs
        # no more than another cool-down.
        self._open_until = self._seconds() + self._cooldown
        self._is_tried = True
        return None

    def opens(self, because: str, *, is_refusal: bool = False) -> timedelta:
        """Note a failure; return for how long nobody may try."""
        self.because = because
        left = self._left()
        if left is not None and left > 0 and not self._is_tried:
            return timedelta(seconds=left)  # it had begun before the circuit was opened
        # Ten doublings pass any cap; more would only grow the number.
        left = self._cooldown * (1 << min(self._refusals, 10)) if is_refusal else self._cooldown
        left = min(left, max(LONGEST_COOLDOWN.total_seconds(), self._cooldown))
        self._refusals += is_refusal
        self._open_until, self._is_tried = self._seconds() + left, False
        return timedelta(seconds=left)

    def closes(self) -> None:
        """Note a success."""
        self._open_until, self._is_tried, self._refusals = None, False, 0

    def _left(self) -> float | None:
        return None if self._open_until is None else self._open_until - self._seconds()
