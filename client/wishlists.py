"""Wishlists from outside: what the platform tells of its shop, and unsubscribing."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar

from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.message import Message
from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.wishlist import RejectedWish, WishedItem
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.unsubscribe import UnsubscribeScope, read_token
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.dialect import chunks
from mainspring.storage.people import UserRepository
from mainspring.storage.shop import ProductRepository
from mainspring.storage.wishlist import OutcomeRepository, Outcomes, WishRepository

T = TypeVar("T")


class Wishlists:
    """The wishlists of a workspace. Storing the same again changes nothing, other rows are overwritten.

    Of two rows with the same id the last one wins.
    """

    def __init__(
        self,
        database: Database,
        token_key: bytes,
        clock: Clock,
        *,
        workspace: str = DEFAULT_WORKSPACE,
    ) -> None:
        self._database = database
        self._token_key = token_key
        self._clock = clock
        self._workspace = checked_workspace(workspace)

    async def store_products(self, products: Sequence[Product]) -> None:
        """Store products, a thousand in each transaction."""
        for chunk in chunks(products):
            await self._store(lambda session: ProductRepository(session, self._workspace).store, chunk)

    async def store_users(self, users: Sequence[User]) -> None:
        """Store users, a thousand in each transaction. Alerts that are not said stay as they are."""
        for chunk in chunks(users):
            await self._store(lambda session: UserRepository(session, self._workspace).store, chunk)

    async def store_items(self, items: Sequence[WishedItem]) -> list[RejectedWish]:
        """Store wishes, a thousand in each transaction; return those whose product or user is not known."""
        strays: list[RejectedWish] = []
        for chunk in chunks(items):
            strays += await self._store(lambda session: WishRepository(session, self._workspace).store, chunk)
        return strays

    async def _store(
        self, store: Callable[[Session], Callable[..., Awaitable[T]]], rows: Sequence[Message]
    ) -> T:
        now = self._clock.now()
        return await self._database.transact(lambda session: store(session)(rows, now=now))

    async def remove_items(self, pairs: Collection[tuple[str, str]]) -> int:
        """Remove the wishes of (product id, user id); return how many there were."""
        return await self._database.transact(
            lambda session: WishRepository(session, self._workspace).remove(pairs)
        )

    async def unsubscribe(self, token: str) -> str | None:
        """Switch off what a link's token says; return the user's id, None if there is no such user.

        TokenRefused: the link is damaged, or was not made here.
        """
        wish = read_token(token, self._token_key)
        known = await self._database.transact(
            lambda session: UserRepository(session, wish.workspace).unsubscribe(
                wish.user_id,
                sales=wish.scope is not UnsubscribeScope.STOCK,
                stock=wish.scope is not UnsubscribeScope.SALE,
                now=self._clock.now(),
            )
        )
        return wish.user_id if known else None

    async def counts(self) -> dict[str, int]:
        """Return how many products, users and wishes there are."""
        return await self._database.read(lambda session: WishRepository(session, self._workspace).counts())

    async def outcomes(self) -> Outcomes:
        """Return what became of the notifications so far."""
        return await self._database.read(
            lambda session: OutcomeRepository(session, self._workspace).outcomes()
        )
