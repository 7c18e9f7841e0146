"""A clock whose time passes when everybody waits for it, so that a month takes a second."""

import asyncio
import heapq
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from itertools import count


class SimulatedClock:
    """A `gateways.clock.Clock` that jumps to the first sleeper's waking once nobody has used it for a while.

    Any number may sleep at once; they wake in the order of their times. Work that takes no simulated time
    may go on meanwhile: `patience_seconds` of real time without a call of the clock is taken for its end.
    Work that waits for something real, such as a database, says so with `work`, however long it takes.
    """

    def __init__(self, start: datetime, patience_seconds: float = 0.02) -> None:
        self._now = start
        self._patience_seconds = patience_seconds
        self._sleepers: list[tuple[datetime, int, asyncio.Future[None]]] = []
        self._numbers = count()
        self._uses = 0
        self._working = 0
        self._passing: asyncio.Task[None] | None = None

    def now(self) -> datetime:
        """Return the simulated moment."""
        self._uses += 1
        return self._now

    @contextmanager
    def work(self) -> Iterator[None]:
        """Keep time from passing by itself until the block ends."""
        self._working += 1
        try:
            yield
        finally:
            self._working -= 1
            self._uses += 1

    def advance(self, duration: timedelta) -> None:
        """Let time pass at once, and wake whoever has slept long enough."""
        self._advance_to(self._now + duration)

    async def sleep(self, duration: timedelta) -> None:
        """Return when `duration` has passed, by simulated time."""
        self._uses += 1
        if duration <= timedelta():
            await asyncio.sleep(0)
            return
        woken = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now + duration, next(self._numbers), woken))
        if self._passing is None or self._passing.done():
            self._passing = asyncio.create_task(self._let_time_pass())
        await woken

    async def _let_time_pass(self) -> None:
        while self._sleepers:
            seen = -1
            while seen != self._uses or self._working:
                seen = self._uses
                await asyncio.sleep(self._patience_seconds)
            # Time does not pass for a sleeper that was cancelled.
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if self._sleepers:
                self._advance_to(self._sleepers[0][0])

    def _advance_to(self, moment: datetime) -> None:
        self._now = moment
        while self._sleepers and self._sleepers[0][0] <= moment:
            _, _, woken = heapq.heappop(self._sleepers)
            if not woken.done():
                woken.set_result(None)
