"""What a platform tells, over HTTP: its products, its users, and who wishes for what."""

from collections.abc import Collection, Sequence
from typing import Any
from urllib.parse import quote

from mainspring.client.cursors import cursor_of
from mainspring.client.errors import BadInput, EntryUnknown
from mainspring.client.remote.calls import Calls
from mainspring.contracts.message import Message
from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.wishlist import RejectedWish, StoredWish, WishedItem
from mainspring.storage.dialect import chunks


class RemoteShop:
    """As `client.shop.Shop`, over HTTP."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def store_products(self, products: Sequence[Product]) -> None:
        """Store products, a thousand in each call."""
        await _store(self._calls, "/v1/products", products)

    async def products(self, *, after: str = "", limit: int = 50) -> list[Product]:
        """Return products in the order of their ids, those that come after `after`."""
        found = await self._calls.page("/v1/products", limit=limit, after=after or None)
        return [Product.restore(each) for each in found]

    async def product(self, product_id: str) -> Product:
        """Return a product; EntryUnknown when there is none of this id."""
        return Product.restore(await self._calls.get(f"/v1/products/{quote(product_id, safe='')}"))

    async def remove_product(self, product_id: str) -> None:
        """Remove a product and the wishes for it; EntryUnknown when there is none of this id."""
        await self._calls.delete(f"/v1/products/{quote(product_id, safe='')}")


class RemotePeople:
    """As `client.people.People`, over HTTP; links of mails are followed by browsers."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def store_users(self, users: Sequence[User]) -> None:
        """Store users, a thousand in each call. Alerts that are not said stay as they are."""
        await _store(self._calls, "/v1/users", users)

    async def users(self, *, after: str = "", limit: int = 50) -> list[User]:
        """Return users in the order of their ids, those that come after `after`."""
        found = await self._calls.page("/v1/users", limit=limit, after=after or None)
        return [User.restore(each) for each in found]

    async def user(self, user_id: str) -> User:
        """Return a user; EntryUnknown when there is none of this id."""
        return User.restore(await self._calls.get(f"/v1/users/{quote(user_id, safe='')}"))

    async def remove_user(self, user_id: str) -> None:
        """Remove a user and the user's wishes; EntryUnknown when there is none of this id."""
        await self._calls.delete(f"/v1/users/{quote(user_id, safe='')}")


class RemoteWishlists:
    """As `client.wishlists.Wishlists`, over HTTP."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def store_items(self, items: Sequence[WishedItem]) -> list[RejectedWish]:
        """Store wishes, a thousand in each call; return those whose product or user is not known."""
        rejected: list[RejectedWish] = []
        for chunk in chunks(items):
            for each in await _stored(self._calls, "/v1/wishes", chunk):
                unknown = [name for name in ("product_id", "user_id") if f"{name}: " in each["problem"]]
                rejected.append(RejectedWish(wish=chunk[each["index"]], unknown=tuple(unknown)))
        return rejected

    async def items(
        self,
        *,
        user_id: str | None = None,
        product_id: str | None = None,
        after: tuple[str, str] = ("", ""),
        limit: int = 50,
    ) -> list[StoredWish]:
        """Return wishes in the order of (product id, user id), of one user or for one product."""
        place = cursor_of(*after) if any(after) else None
        found = await self._calls.page(
            "/v1/wishes", limit=limit, after=place, user_id=user_id, product_id=product_id
        )
        return [StoredWish.restore(each) for each in found]

    async def remove_items(self, pairs: Collection[tuple[str, str]]) -> int:
        """Remove the wishes of (product id, user id), one by one; return how many there were."""
        count = 0
        for product_id, user_id in pairs:
            try:
                await self._calls.delete("/v1/wishes", product_id=product_id, user_id=user_id)
                count += 1
            except EntryUnknown:
                continue
        return count


async def _store(calls: Calls, path: str, rows: Sequence[Message]) -> None:
    for chunk in chunks(rows):
        for each in await _stored(calls, path, chunk):
            raise BadInput(f"{each['index']}.{each['problem']}")


async def _stored(calls: Calls, path: str, rows: Sequence[Message]) -> list[dict[str, Any]]:
    """Store a page of rows, what was left out of them left out; return those that were rejected."""
    items = [each.model_dump(mode="json", exclude_unset=True) for each in rows]
    answer = await calls.post(path, {"items": items}, is_repeatable=True)
    rejected: list[dict[str, Any]] = answer["rejected"]
    return rejected
