"""How many calls a key makes in a minute, counted in the process: n processes let by n times as many."""

import math
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from uuid import UUID

from mainspring.api.problems import Refused

WINDOW_SECONDS = 60


@dataclass(frozen=True)
class Rate:
    """What is left of a key's calls in this minute, which ends in `reset` seconds."""

    limit: int
    remaining: int
    reset: int

    @property
    def headers(self) -> dict[str, str]:
        """The headers of draft-ietf-httpapi-ratelimit-headers, as of its tenth version."""
        return {
            "RateLimit-Policy": f'"calls";q={self.limit};w={WINDOW_SECONDS}',
            "RateLimit": f'"calls";r={max(self.remaining, 0)};t={self.reset}',
        }


class CallRates:
    """Counts the calls of each key; a minute is the same for all keys."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._minute = -1
        self._calls: Counter[UUID] = Counter()

    def count(self, key_id: UUID) -> Rate:
        """Count a call, and return what is left; less than nothing for a call too many."""
        now = self._clock()
        minute = int(now // WINDOW_SECONDS)
        if minute != self._minute:
            self._minute, self._calls = minute, Counter()
        self._calls[key_id] += 1
        reset = math.ceil((minute + 1) * WINDOW_SECONDS - now)
        return Rate(self._limit, self._limit - self._calls[key_id], reset)


def check_rate(rate: Rate) -> None:
    """Check that a call is not one too many.

    Raises Refused: when the key has made all its calls of this minute.
    """
    if rate.remaining < 0:
        raise Refused(
            HTTPStatus.TOO_MANY_REQUESTS,
            "too-many-calls",
            f"the key makes more than {rate.limit} calls a minute",
            headers={"Retry-After": str(rate.reset)},
        )
