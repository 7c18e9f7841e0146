"""Wishes, as the platform tells them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.wishlist import RejectedWish, StoredWish, WishedItem
from mainspring.domain.shop import Offer
from mainspring.storage.dialect import chunks, upsert
from mainspring.storage.people import UserRepository
from mainspring.storage.repository import Repository
from mainspring.storage.shop import ProductRepository
from mainspring.storage.tables import WishedProductRow, WishlistItemRow, WishlistUserRow

# Said by an entry they are overwritten, left out they stay.
AT_FIRST = frozenset({"price_when_added_cents", "currency", "added_at"})


class WishRepository(Repository):
    """A workspace's wishes, inside the caller's transaction. Storing the same again changes nothing."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def store(self, items: Sequence[WishedItem], *, now: datetime) -> list[RejectedWish]:
        """Insert or overwrite wishes; return those whose product or user is not known, which are left out.

        The price and the time of a wish that is there already stay, unless they are given.
        """
        products = ProductRepository(self._session, self._workspace)
        people = UserRepository(self._session, self._workspace)
        offers = await products.offers({each.product_id for each in items}, kept=True)
        users = await people.known({each.user_id for each in items}, kept=True)
        rows, strays = [], []
        for each in items:
            unknown = ("product_id",) * (each.product_id not in offers) + ("user_id",) * (
                each.user_id not in users
            )
            if unknown:
                strays.append(RejectedWish(wish=each, unknown=unknown))
            else:
                rows.append({"workspace": self._workspace, **_item_row(each, offers[each.product_id], now)})
        await upsert(self._session, WishlistItemRow, rows, keep_unsaid=AT_FIRST)
        return strays

    async def find(
        self,
        *,
        user_id: str | None = None,
        product_id: str | None = None,
        after: tuple[str, str] = ("", ""),
        limit: int,
    ) -> list[StoredWish]:
        """Return wishes in the order of (product id, user id), of one user or for one product."""
        key = WishlistItemRow.product_id, WishlistItemRow.user_id
        query = select(WishlistItemRow).where(
            WishlistItemRow.workspace == self._workspace, tuple_(*key) > after
        )
        if user_id is not None:
            query = query.where(WishlistItemRow.user_id == user_id)
        if product_id is not None:
            query = query.where(WishlistItemRow.product_id == product_id)
        return [_wish(row) for row in await self._session.scalars(query.order_by(*key).limit(limit))]

    async def remove(self, pairs: Collection[tuple[str, str]]) -> int:
        """Remove the wishes of (product id, user id); return how many there were."""
        removed = 0
        for chunk in chunks(sorted(pairs)):
            key = tuple_(WishlistItemRow.product_id, WishlistItemRow.user_id)
            result = await self._session.execute(
                delete(WishlistItemRow).where(WishlistItemRow.workspace == self._workspace, key.in_(chunk))
            )
            removed += getattr(result, "rowcount", 0)
        return removed

    async def counts(self) -> dict[str, int]:
        """Return how many products, users and wishes there are."""
        tables: dict[str, type[WishedProductRow | WishlistUserRow | WishlistItemRow]] = {
            "products": WishedProductRow,
            "users": WishlistUserRow,
            "wishes": WishlistItemRow,
        }
        return {
            name: await self._session.scalar(
                select(func.count()).select_from(row).where(row.workspace == self._workspace)
            )
            or 0
            for name, row in tables.items()
        }


def _item_row(item: WishedItem, offer: Offer, now: datetime) -> dict[str, Any]:
    price, added_at = item.price_when_added_cents, item.added_at
    return item.model_dump() | {
        "price_when_added_cents": offer.price_at(now) if price is None else price,
        "currency": offer.currency,
        "added_at": added_at or now,
        "says_price_when_added_cents": price is not None,
        "says_currency": price is not None,
        "says_added_at": added_at is not None,
    }


def _wish(row: WishlistItemRow) -> StoredWish:
    return StoredWish.model_construct(**{name: getattr(row, name) for name in StoredWish.model_fields})
