"""A concurrency limiter and a circuit breaker for each receiver.

A receiver gets a number of slots: its deliveries that a worker has under way at once. A receiver that does
not answer gets none for a while. Its deliveries would otherwise take every slot of the worker, and no other
receiver would be told anything. A delivery that gets no slot is snoozed, which is no failure.
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
    """How many deliveries a receiver gets at once, and when it gets none.

    - `slots`: a tenth of the slots that all deliveries have in a worker. Enough for 40 deliveries a second to
      a receiver that takes a second to answer.
    - `longest_wait`: how long a delivery waits for a slot. No more deliveries wait than get a slot meanwhile.
    - `slow`: a failure that took this long has held its slot for nothing.
    - `slow_in_a_row`: after this many slow failures the circuit opens for `first_break`, and then for twice
      as long each time, up to `longest_break`.
    """

    slots: int = 40
    longest_wait: timedelta = timedelta(seconds=2)
    slow: timedelta = timedelta(seconds=3)
    slow_in_a_row: int = 5
    first_break: timedelta = timedelta(seconds=30)
    longest_break: timedelta = timedelta(minutes=10)


DEFAULT_LIMITS = Limits()

# Snoozed deliveries of all receivers come back at the same moments, so that the queue is looked at only then.
# The number of a receiver's deliveries at one moment has a limit, so that they do not crowd out the others.
BACK_EVERY = timedelta(seconds=5)
BACK_AT_ONCE = 250

# A wait that was shorter says little of how many more there might be.
SHORT_WAIT_SECONDS = 0.1


class ConcurrencyLimiter:
    """The slots of one receiver in this worker."""

    def __init__(self, clock: Clock, limits: Limits = DEFAULT_LIMITS) -> None:
        self._free = asyncio.Semaphore(limits.slots)
        self._longest_wait_seconds = limits.longest_wait.total_seconds()
        self._granted = 0
        self._waiting, self._most_waiting = 0, math.inf
        self._breaker = _CircuitBreaker(clock, limits)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Hold a slot during a delivery.

        After the break of an open circuit, one delivery at a time tries whether the receiver answers again.
        Raises Snooze: when no slot is free, or the circuit is open.
        """
        self._breaker.check()
        if self._free.locked():
            await self._wait()
        else:
            await self._free.acquire()
        self._granted += 1
        try:
            async with self._breaker.attempt():  # it may have opened during the wait
                yield
        finally:
            self._free.release()

    async def _wait(self) -> None:
        if self._waiting >= self._most_waiting:
            raise self._breaker.snooze()
        begun, granted = time.monotonic(), self._granted
        self._waiting += 1
        try:
            async with asyncio.timeout(self._longest_wait_seconds):
                await self._free.acquire()
        except TimeoutError:
            self._most_waiting = max(self._granted - granted, 1)
            raise self._breaker.snooze() from None
        finally:
            self._waiting -= 1
        waited = max(time.monotonic() - begun, SHORT_WAIT_SECONDS)
        self._most_waiting = max(
            self._most_waiting, (self._granted - granted) * self._longest_wait_seconds / waited
        )


class _CircuitBreaker:
    """Opens after slow failures in a row, and says when snoozed deliveries come back."""

    def __init__(self, clock: Clock, limits: Limits) -> None:
        self._clock = clock
        self._limits = limits
        self._slow = 0
        self._length = timedelta()
        self._until: datetime | None = None
        self._is_tried = False
        self._back_at, self._back = datetime.min.replace(tzinfo=UTC), 0

    def check(self) -> None:
        """Raise Snooze while the circuit is open, and afterwards while a delivery tries the receiver."""
        if self._until is not None and (self._is_tried or self._clock.now() < self._until):
            raise self.snooze()

    @asynccontextmanager
    async def attempt(self) -> AsyncIterator[None]:
        """Note how a delivery goes. Raises Snooze: as `check` does."""
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
        # Deliveries that were under way when the circuit opened are no news.
        if is_trial or (self._until is None and self._slow >= self._limits.slow_in_a_row):
            self._length = min(max(self._length * 2, self._limits.first_break), self._limits.longest_break)
            self._until = self._clock.now() + self._length

    def snooze(self) -> Snooze:
        """Return the snooze of a delivery: until after the break, and with not too many others."""
        earliest = max(self._clock.now(), self._until or self._clock.now())
        if earliest >= self._back_at:
            since = earliest - datetime.min.replace(tzinfo=UTC)
            self._back_at, self._back = earliest - since % BACK_EVERY + BACK_EVERY, 0
        elif self._back == BACK_AT_ONCE:
            self._back_at, self._back = self._back_at + BACK_EVERY, 0
        self._back += 1
        return Snooze(self._back_at)
