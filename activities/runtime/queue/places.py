"""The places of a channel: how many tasks may be on the way at once."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Places:
    """How many tasks may have begun that are not acknowledged yet, in all batches of a worker together.

    No more than these are in doubt when the worker dies. A process that tries suspected tasks has one of
    these places as long as it works, and no place beside them.
    """

    def __init__(self, count: int) -> None:
        # Below zero: so many places are to be lent as soon as their tasks are acknowledged.
        self._free = count
        # Set when a place becomes free; a dict keeps their order.
        self._wanted_by: dict[asyncio.Event, None] = {}

    def take(self, at_most: int) -> int:
        """Take places, and return how many."""
        taken = max(0, min(at_most, self._free))
        self._free -= taken
        return taken

    @property
    def owed(self) -> int:
        """How many places are to be given back, and not handed on to the next task of the batch."""
        return max(0, -self._free)

    @asynccontextmanager
    async def lent(self) -> AsyncIterator[None]:
        """Wait for a place, before all tasks that wait to begin, and keep it until the block ends."""
        self._free -= 1
        try:
            while self._free < 0:
                free = asyncio.Event()
                self._wanted_by[free] = None
                await free.wait()
            yield
        finally:
            self.give_back(1)

    def give_back(self, count: int) -> None:
        """Free places, and tell those who want some."""
        self._free += count
        wanted_by, self._wanted_by = self._wanted_by, {}
        for each in wanted_by:
            each.set()

    def is_free(self, wanted_by: asyncio.Event) -> bool:
        """Whether there is a place; if not, the event is set when there is."""
        if self._free <= 0:
            self._wanted_by[wanted_by] = None
        return self._free > 0
