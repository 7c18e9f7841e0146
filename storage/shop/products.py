"""Products, as the platform tells them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
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

    async def offers(self, product_ids: Collection[str]) -> dict[str, Offer]:
        """Return those of these products that are known."""
        offers: dict[str, Offer] = {}
        for chunk in chunks(sorted(product_ids)):
            query = select(WishedProductRow).where(
                WishedProductRow.workspace == self._workspace, WishedProductRow.id.in_(chunk)
            )
            offers |= {row.id: offer_of(row) for row in await self._session.scalars(query)}
        return offers


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
