"""How much room one receiver may take: so many places at once, and none while it does not answer.

Deliveries to a receiver that hangs would hold one place after the other, until all are theirs and nobody else
is told anything. What finds no place is put off, which counts as no failure.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from mainspring.activities.runtime.queue import Snooze
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import GatewayError


@dataclass(frozen=True)
class Limits:
    """What a receiver gets, and when it is left alone.

    - `places`: a tenth of those that all deliveries have in a worker. Enough for 40 deliveries a second to a
      receiver that needs one for its answer.
    - `waits`: a place is waited for so long, and by no more than are given one in that time.
    - `slow`: a failure that took so long has held a place for nothing.
    - `slow_in_a_row`: after so many of them nothing is tried for `first_rest`, then twice as long each time.
    """

    places: int = 40
    waits: timedelta = timedelta(seconds=2)
    slow: timedelta = timedelta(seconds=3)
    slow_in_a_row: int = 5
    first_rest: timedelta = timedelta(seconds=30)
    longest_rest: timedelta = timedelta(minutes=10)


DEFAULT_LIMITS = Limits()

# What is put off comes back at moments that all receivers share, so that the queue is looked at only then; so
# many of a receiver at one moment, so that they do not crowd out the others.
BACK_EVERY = timedelta(seconds=5)
BACK_AT_ONCE = 250

# A wait that was shorter says little of how many more there might be.
SHORT_WAIT_SECONDS = 0.1


class ConcurrencyLimiter:
    """The places of one receiver in this worker."""

    def __init__(self, clock: Clock, limits: Limits = DEFAULT_LIMITS) -> None:
        self._free = asyncio.Semaphore(limits.places)
        self._waits_seconds = limits.waits.total_seconds()
        self._given = 0
        self._waiting, self._most_waiting = 0, math.inf
        self._rest = _CircuitBreaker(clock, limits)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[None]:
        """Hold a place while something is delivered; Snooze when there is none, or the receiver rests.

        After its rest, one delivery at a time tries whether it answers again.
        """
        self._rest.check()
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()
        self._given += 1
        try:
            async with self._rest.attempt():  # a rest may have begun during the wait
                yield
        finally:
            self._free.release()

    async def _wait(self) -> None:
        if self._waiting >= self._most_waiting:
            raise self._rest.not_yet()
        begun, given = time.monotonic(), self._given
        self._waiting += 1
        try:
            async with asyncio.timeout(self._waits_seconds):
                await self._free.acquire()
        except TimeoutError:
            self._most_waiting = max(self._given - given, 1)
            raise self._rest.not_yet() from None
        finally:
            self._waiting -= 1
        waited = max(time.monotonic() - begun, SHORT_WAIT_SECONDS)
        self._most_waiting = max(self._most_waiting, (self._given - given) * self._waits_seconds / waited)


class _CircuitBreaker:
    """Whether a receiver is left alone, by how its last deliveries went, and when the others come back."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._slow = 0
        self._length = timedelta()
        self._until: datetime | None = None
        self._is_tried = False
        self._back_at, self._back = datetime.min.replace(tzinfo=UTC), 0

    def check(self) -> None:
        """Raise Snooze during the rest, and afterwards while somebody is trying."""
        if self._until is not None and (self._is_tried or self._clock.now() < self._until):
            raise self.not_yet()

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Note how an attempt goes; Snooze as above."""
        self.check()
        is_trial = self._until is not None
        self._is_tried = is_trial
        begun = time.monotonic()
        try:
            yield
        except GatewayError:
            if time.monotonic() - begun < self._limits.slow.total_seconds():
                self._answers()
            else:
                self._does_not_answer(is_trial=is_trial)
            raise
        else:
            self._answers()
        finally:
            if is_trial:
                self._is_tried = False

    def _answers(self) -> None:
        self._slow, self._length, self._until = 0, timedelta(), None

    def _does_not_answer(self, *, is_trial: bool) -> None:
        self._slow += 1
        # Others that were under way when the rest began are no news.
        if is_trial or (self._until is None and self._slow >= self._limits.slow_in_a_row):
            self._length = min(max(self._length * 2, self._limits.first_rest), self._limits.longest_rest)
            self._until = self._clock.now() + self._length

    def not_yet(self) -> Snooze:
        """Return when this delivery comes back: after the rest, and with not too many others."""
        earliest = max(self._clock.now(), self._until or self._clock.now())
        if earliest >= self._back_at:
            since = earliest - datetime.min.replace(tzinfo=UTC)
            self._back_at, self._back = earliest - since % BACK_EVERY + BACK_EVERY, 0
        elif self._back == BACK_AT_ONCE:
            self._back_at, self._back = self._back_at + BACK_EVERY, 0
        self._back += 1
        return Snooze(self._back_at)
