"""A circuit: while a server is away, nobody but one at a time tries it."""

import time
from collections.abc import Callable
from datetime import timedelta


class CircuitBreaker:
    """Is open for `cooldown` after each failure; then the next who asks may try, and the others wait on."""

    def __init__(self, cooldown: timedelta, seconds: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._cooldown = cooldown.total_seconds()
        self._open_until: float | None = None
        self.because = ""

    def wait(self) -> timedelta | None:
        """Return how long nobody may try; None when the one who asks may, and shall say how it went."""
        if self._open_until is None:
            return None
        left = self._open_until - self._seconds()
        if left > 0:
            return timedelta(seconds=left)
        # Whoever asks while this one tries is sent away as well; one that never says how it went costs
        # no more than another cool-down.
        self._open_until = self._seconds() + self._cooldown
        return None

    def opens(self, because: str) -> None:
        """Note a failure."""
        self.because = because
        self._open_until = self._seconds() + self._cooldown

    def closes(self) -> None:
        """Note a success."""
        self._open_until = None
