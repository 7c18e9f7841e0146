"""A database that goes away when it costs most: when an answer that is paid for is to be written down."""

from collections.abc import Awaitable, Callable, Sized
from typing import TypeVar

from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.storage.database import Database
from mainspring.storage.errors import DatabaseAway

T = TypeVar("T")


class InterruptedDatabase(Database):
    """A database that is away for the first transaction after each request, and there again for the next."""

    def __init__(self, url: str | URL, requests: Sized) -> None:
        super().__init__(url)
        self._requests = requests
        self._interrupted = len(requests)

    async def transact(self, work: Callable[[AsyncSession], Awaitable[T]]) -> T:
        """As `Database.transact`. Raises DatabaseAway: when there was a request since."""
        if self._interrupted < len(self._requests):
            self._interrupted = len(self._requests)
            raise DatabaseAway
        return await super().transact(work)
