"""Wishlists from outside: who wishes for what, and what became of the notifications."""

from collections.abc import Collection, Sequence

from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.wishlist import RejectedWish, StoredWish, WishedItem
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database
from mainspring.storage.dialect import chunks
from mainspring.storage.wishlist import OutcomeRepository, Outcomes, WishRepository


class Wishlists:
    """The wishes of a workspace. Storing the same again changes nothing, other rows are overwritten.

    Of two wishes of the same user for the same product the last one wins.
    """

    def __init__(self, database: Database, clock: Clock, *, workspace: str = DEFAULT_WORKSPACE) -> None:
        self._database = database
        self._clock = clock
        self._workspace = checked_workspace(workspace)

    async def store_items(self, items: Sequence[WishedItem]) -> list[RejectedWish]:
        """Store wishes, a thousand in each transaction; return those whose product or user is not known."""
        rejected: list[RejectedWish] = []
        for chunk in chunks(items):
            rejected += await self._store(chunk)
        return rejected

    async def _store(self, items: Sequence[WishedItem]) -> list[RejectedWish]:
        now = self._clock.now()
        return await self._database.transact(
            lambda session: WishRepository(session, self._workspace).store(items, now=now)
        )

    async def items(
        self,
        *,
        user_id: str | None = None,
        product_id: str | None = None,
        after: tuple[str, str] = ("", ""),
        limit: int = 50,
    ) -> list[StoredWish]:
        """Return wishes in the order of (product id, user id), of one user or for one product."""
        return await self._database.read(
            lambda session: WishRepository(session, self._workspace).find(
                user_id=user_id, product_id=product_id, after=after, limit=limit
            )
        )

    async def remove_items(self, pairs: Collection[tuple[str, str]]) -> int:
        """Remove the wishes of (product id, user id); return how many there were."""
        return await self._database.transact(
            lambda session: WishRepository(session, self._workspace).remove(pairs)
        )

    async def counts(self) -> dict[str, int]:
        """Return how many products, users and wishes there are."""
        return await self._database.read(lambda session: WishRepository(session, self._workspace).counts())

    async def outcomes(self) -> Outcomes:
        """Return what became of the notifications so far."""
        return await self._database.read(
            lambda session: OutcomeRepository(session, self._workspace).outcomes()
        )
