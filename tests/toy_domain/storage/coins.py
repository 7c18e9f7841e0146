"""The coins in the database."""

from collections.abc import Mapping, Sequence

from sqlalchemy import func, select, update

from mainspring.contracts.coins import Coin
from mainspring.storage.dialect import upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables.coins import CoinRow


class CoinRepository(Repository):
    """Coins, inside the caller's transaction."""

    async def store(self, coins: Sequence[Coin]) -> None:
        """Insert or overwrite coins; a price that is known stays."""
        rows = {coin.id: coin.model_dump() | {"price_cents": None} for coin in coins}
        await upsert(self._session, CoinRow, list(rows.values()), keep=frozenset({"price_cents"}))

    async def count_unpriced(self) -> int:
        """Return how many coins have no price."""
        query = select(func.count()).select_from(CoinRow).where(CoinRow.price_cents.is_(None))
        return (await self._session.scalars(query)).one()

    async def unpriced(self, after: str, *, limit: int) -> list[str]:
        """Return the next coins without a price, in the order of their ids."""
        query = select(CoinRow.id).where(CoinRow.price_cents.is_(None), CoinRow.id > after)
        return list(await self._session.scalars(query.order_by(CoinRow.id).limit(limit)))

    async def set_prices(self, prices_cents: Mapping[str, int]) -> None:
        """Write what coins are worth."""
        if rows := [{"id": coin, "price_cents": price} for coin, price in sorted(prices_cents.items())]:
            await self._session.execute(update(CoinRow), rows)

    async def owners(self) -> list[str]:
        """Return who owns coins that have a price."""
        query = select(CoinRow.owner_email).where(CoinRow.price_cents.is_not(None)).distinct()
        return list(await self._session.scalars(query.order_by(CoinRow.owner_email)))

    async def prices_of(self, owner: str) -> dict[str, int]:
        """Return what an owner's coins are worth, as far as that is known."""
        query = select(CoinRow).where(CoinRow.owner_email == owner, CoinRow.price_cents.is_not(None))
        return {row.id: row.price_cents or 0 for row in await self._session.scalars(query)}
