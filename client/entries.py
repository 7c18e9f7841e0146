"""What a platform has told of, by its own ids: looked up, listed, and removed."""

from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from mainspring.client.errors import EntryUnknown
from mainspring.storage.database import Database, Session

Row = TypeVar("Row")


class EntryRepository(Protocol[Row]):
    """Where entries of one kind are, inside a transaction."""

    async def find(self, *, after: str = "", limit: int) -> list[Row]:
        """Return entries in the order of their ids."""

    async def get(self, entry_id: str, /) -> Row | None:
        """Return an entry; None when there is none of this id."""

    async def remove(self, entry_id: str, /) -> bool:
        """Remove an entry; return whether it was there."""


class Entries(Generic[Row]):
    """Entries of one kind, which an error calls `what`."""

    def __init__(
        self, database: Database, what: str, repository: Callable[[Session], EntryRepository[Row]]
    ) -> None:
        self._database = database
        self._what = what
        self._repository = repository

    async def page(self, *, after: str, limit: int) -> list[Row]:
        """Return entries in the order of their ids, those that come after `after`."""
        return await self._database.read(
            lambda session: self._repository(session).find(after=after, limit=limit)
        )

    async def get(self, entry_id: str) -> Row:
        """Return an entry.

        Raises EntryUnknown: when there is none of this id.
        """
        found = await self._database.read(lambda session: self._repository(session).get(entry_id))
        if found is None:
            raise EntryUnknown(self._what, entry_id)
        return found

    async def remove(self, entry_id: str) -> None:
        """Remove an entry.

        Raises EntryUnknown: when there is none of this id.
        """
        if not await self._database.transact(lambda session: self._repository(session).remove(entry_id)):
            raise EntryUnknown(self._what, entry_id)
