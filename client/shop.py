"""The shop from outside: the products that a platform sells."""

from collections.abc import Sequence

from mainspring.client.entries import Entries
from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.shop import Product
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database
from mainspring.storage.dialect import chunks
from mainspring.storage.shop import ProductRepository


class Shop:
    """The products of a workspace. Storing the same again changes nothing, other rows are overwritten.

    Of two products with the same id the last one wins.
    """

    def __init__(self, database: Database, clock: Clock, *, workspace: str = DEFAULT_WORKSPACE) -> None:
        self._database = database
        self._clock = clock
        self._workspace = workspace = checked_workspace(workspace)
        self._entries = Entries(database, "product", lambda session: ProductRepository(session, workspace))

    async def store_products(self, products: Sequence[Product]) -> None:
        """Store products, a thousand in each transaction."""
        for chunk in chunks(products):
            await self._store(chunk)

    async def products(self, *, after: str = "", limit: int = 50) -> list[Product]:
        """Return products in the order of their ids, those that come after `after`."""
        return await self._entries.page(after=after, limit=limit)

    async def product(self, product_id: str) -> Product:
        """Return a product.

        Raises EntryUnknown: when there is none of this id.
        """
        return await self._entries.get(product_id)

    async def remove_product(self, product_id: str) -> None:
        """Remove a product and the wishes for it; nothing more is sent about it.

        Raises EntryUnknown: when there is none of this id.
        """
        await self._entries.remove(product_id)

    async def _store(self, products: Sequence[Product]) -> None:
        now = self._clock.now()
        await self._database.transact(
            lambda session: ProductRepository(session, self._workspace).store(products, now=now)
        )
