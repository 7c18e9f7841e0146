"""The least speed of a source. A source that drips would hold a place that other downloads wait for."""

import time
from dataclasses import dataclass
from datetime import timedelta

from mainspring.gateways.download.source import SERVICE
from mainspring.gateways.errors import Unreachable


class TooSlow(Unreachable):
    """The source is slower than is allowed. The next attempt goes on where this one stopped."""


@dataclass(frozen=True)
class LeastSpeed:
    """How many bytes have to come in a second, on average over each `window`."""

    bytes_per_second: int = 10_000
    window: timedelta = timedelta(seconds=30)


class Speed:
    """The speed of one download, window by window."""

    def __init__(self, least: LeastSpeed) -> None:
        self._least = least
        self._began, self._received = time.monotonic(), 0

    def note(self, received: int) -> None:
        """Note that bytes have come. Raises TooSlow: when a window has passed with too few of them."""
        self._received += received
        passed = time.monotonic() - self._began
        if passed < self._least.window.total_seconds():
            return
        if self._received < passed * self._least.bytes_per_second:
            speed, least = round(self._received / passed), self._least.bytes_per_second
            raise TooSlow(f"{speed:,} bytes a second are fewer than {least:,}", service=SERVICE)
        self._began, self._received = time.monotonic(), 0
