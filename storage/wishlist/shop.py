"""Products, users and wishes, as the platform tells them."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, select, tuple_, update

from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.wishlist import RejectedWish, WishedItem
from mainspring.storage.dialect import chunks, upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables import WishedProductRow, WishlistItemRow, WishlistUserRow
from mainspring.storage.wishlist.rows import offer_of

# What checks have seen of a product is theirs to write.
SEEN = frozenset({"seen_on_sale", "sale_episode", "seen_sold_out", "stock_episode", "restocked_at"})
NOTHING_SEEN: dict[str, Any] = {
    "seen_on_sale": False,
    "sale_episode": 0,
    "seen_sold_out": False,
    "stock_episode": 0,
    "restocked_at": None,
}
# Said by an entry they are overwritten, left out they stay.
ALERTS = frozenset({"sale_alerts", "stock_alerts"})
AT_FIRST = frozenset({"price_when_added_cents", "added_at"})


class ShopRepository(Repository):
    """What is sold and who wishes for it, inside the caller's transaction. The same again changes nothing."""

    async def store_products(self, products: Sequence[Product], *, now: datetime) -> None:
        """Insert or overwrite products; of two with the same id the last one wins."""
        rows = {each.id: each.model_dump() | NOTHING_SEEN | {"updated_at": now} for each in products}
        await upsert(self._session, WishedProductRow, list(rows.values()), keep=SEEN)

    async def store_users(self, users: Sequence[User], *, now: datetime) -> None:
        """Insert or overwrite users. Alerts that are left out stay as they are; new users have them."""
        rows = [each.model_dump() | {"mailed_at": None, "updated_at": now} | _says(each) for each in users]
        await upsert(
            self._session,
            WishlistUserRow,
            _merged(rows, ("id",), ALERTS),
            keep=frozenset({"mailed_at"}),
            keep_unsaid=ALERTS,
        )

    async def store_items(self, items: Sequence[WishedItem], *, now: datetime) -> list[RejectedWish]:
        """Insert or overwrite wishes; return those whose product or user is not known, which are left out.

        The price and the time of a wish that is there already stay, unless they are given.
        """
        prices = await self._prices({each.product_id for each in items}, now)
        users = await self._known_users({each.user_id for each in items})
        rows, strays = [], []
        for each in items:
            unknown = ("product_id",) * (each.product_id not in prices) + ("user_id",) * (
                each.user_id not in users
            )
            if unknown:
                strays.append(RejectedWish(wish=each, unknown=unknown))
            else:
                rows.append(_item_row(each, prices[each.product_id], now))
        wishes = _merged(rows, ("product_id", "user_id"), AT_FIRST)
        await upsert(self._session, WishlistItemRow, wishes, keep_unsaid=AT_FIRST)
        return strays

    async def _prices(self, product_ids: Collection[str], now: datetime) -> dict[str, int]:
        prices: dict[str, int] = {}
        for chunk in chunks(sorted(product_ids)):
            query = select(WishedProductRow).where(WishedProductRow.id.in_(chunk))
            prices |= {row.id: offer_of(row).price_at(now) for row in await self._session.scalars(query)}
        return prices

    async def _known_users(self, user_ids: Collection[str]) -> set[str]:
        known: set[str] = set()
        for chunk in chunks(sorted(user_ids)):
            query = select(WishlistUserRow.id).where(WishlistUserRow.id.in_(chunk))
            known |= set(await self._session.scalars(query))
        return known

    async def remove_items(self, pairs: Collection[tuple[str, str]]) -> int:
        """Remove the wishes of (product id, user id); return how many there were."""
        removed = 0
        for chunk in chunks(sorted(pairs)):
            key = tuple_(WishlistItemRow.product_id, WishlistItemRow.user_id)
            result = await self._session.execute(delete(WishlistItemRow).where(key.in_(chunk)))
            removed += getattr(result, "rowcount", 0)
        return removed

    async def unsubscribe(self, user_id: str, *, sales: bool, stock: bool, now: datetime) -> bool:
        """Switch alerts off; return whether there is such a user."""
        values: dict[str, Any] = {"updated_at": now}
        if sales:
            values["sale_alerts"] = False
        if stock:
            values["stock_alerts"] = False
        result = await self._session.execute(
            update(WishlistUserRow).where(WishlistUserRow.id == user_id).values(values)
        )
        return bool(getattr(result, "rowcount", 0))

    async def counts(self) -> dict[str, int]:
        """Return how many products, users and wishes there are."""
        tables = {"products": WishedProductRow, "users": WishlistUserRow, "wishes": WishlistItemRow}
        return {
            name: await self._session.scalar(select(func.count()).select_from(row)) or 0
            for name, row in tables.items()
        }


def _item_row(item: WishedItem, price_cents: int, now: datetime) -> dict[str, Any]:
    price, added_at = item.price_when_added_cents, item.added_at
    return item.model_dump() | {
        "price_when_added_cents": price_cents if price is None else price,
        "added_at": added_at or now,
        "says_price_when_added_cents": price is not None,
        "says_added_at": added_at is not None,
    }


def _says(user: User) -> dict[str, bool]:
    return {f"says_{name}": name in user.model_fields_set for name in ALERTS}


def _merged(
    rows: Iterable[dict[str, Any]], keys: tuple[str, ...], unsaid: Collection[str]
) -> list[dict[str, Any]]:
    """Return a row for each key, as if they were stored one after the other: the last wins."""
    merged: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        before = merged.get(key)
        if before is not None:
            for name in unsaid:
                if not row[f"says_{name}"]:
                    row |= {each: before[each] for each in (name, f"says_{name}")}
        merged[key] = row
    return list(merged.values())
