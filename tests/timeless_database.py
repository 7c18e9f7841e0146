"""A database beside a simulated clock."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.storage.database import Database
from mainspring.testing.simulated_clock import SimulatedClock

T = TypeVar("T")


class TimelessDatabase(Database):
    """A database whose transactions take no simulated time, however slow the machine is."""

    def __init__(self, url: str | URL, clock: SimulatedClock) -> None:
        super().__init__(url)
        self._clock = clock

    async def transact(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """As `Database.transact`."""
        with self._clock.work():
            return await super().transact(work)
