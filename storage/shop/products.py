"""Products, as the platform tells them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.shop import Product
from mainspring.domain.shop import Offer
from mainspring.storage.dialect import chunks, upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables import WishedProductRow

# What checks have seen of a product is theirs to write.
SEEN = frozenset({"seen_on_sale", "sale_episode", "seen_sold_out", "stock_episode", "restocked_at"})
NOTHING_SEEN: dict[str, Any] = {
    "seen_on_sale": False,
    "sale_episode": 0,
    "seen_sold_out": False,
    "stock_episode": 0,
    "restocked_at": None,
}


class ProductRepository(Repository):
    """What a workspace sells, inside the caller's transaction. Storing the same again changes nothing."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def store(self, products: Sequence[Product], *, now: datetime) -> None:
        """Insert or overwrite products; of two with the same id the last one wins."""
        common = NOTHING_SEEN | {"workspace": self._workspace, "updated_at": now}
        rows = [each.model_dump() | common for each in products]
        await upsert(self._session, WishedProductRow, rows, keep=SEEN)

    async def find(self, *, after: str = "", limit: int) -> list[Product]:
        """Return products in the order of their ids, those that come after `after`."""
        query = select(WishedProductRow).where(self._is_own, WishedProductRow.id > after)
        page = query.order_by(WishedProductRow.id).limit(limit)
        return [_product(row) for row in await self._session.scalars(page)]

    async def get(self, product_id: str) -> Product | None:
        """Return a product; None when there is none of this id."""
        row = await self._session.get(WishedProductRow, (self._workspace, product_id))
        return None if row is None else _product(row)

    async def remove(self, product_id: str) -> bool:
        """Remove a product and the wishes for it; return whether it was there."""
        result = await self._session.execute(
            delete(WishedProductRow).where(self._is_own, WishedProductRow.id == product_id)
        )
        return bool(getattr(result, "rowcount", 0))

    async def offers(self, product_ids: Collection[str], *, kept: bool = False) -> dict[str, Offer]:
        """Return those of these products that are known; with `kept` nobody removes them meanwhile."""
        offers: dict[str, Offer] = {}
        for chunk in chunks(sorted(product_ids)):
            query = select(WishedProductRow).where(self._is_own, WishedProductRow.id.in_(chunk))
            if kept:
                query = query.with_for_update(read=True, key_share=True)
            offers |= {row.id: offer_of(row) for row in await self._session.scalars(query)}
        return offers

    @property
    def _is_own(self) -> ColumnElement[bool]:
        return WishedProductRow.workspace == self._workspace


def offer_of(row: WishedProductRow) -> Offer:
    """Return what the shop says of a product."""
    return Offer(
        product_id=row.id,
        price_cents=row.price_cents,
        stock=row.stock,
        sale_price_cents=row.sale_price_cents,
        sale_starts_at=row.sale_starts_at,
        sale_ends_at=row.sale_ends_at,
        currency=row.currency,
    )


def _product(row: WishedProductRow) -> Product:
    return Product.model_construct(**{name: getattr(row, name) for name in Product.model_fields})
