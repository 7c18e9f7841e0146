"""Loading products, users and wishes from files, and from what a caller lists."""

from collections.abc import Sequence

from mainspring.client.imports import Imported, Key, OnRejected, Refused, Source, ignore, import_file
from mainspring.client.people import People
from mainspring.client.shop import Shop
from mainspring.client.wishlists import Wishlists
from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.wishlist import RejectedWish, WishedItem


async def import_products(shop: Shop, source: Source, on_rejected: OnRejected = ignore) -> Imported:
    """Load products."""

    async def store(products: Sequence[Product]) -> Refused:
        await shop.store_products(products)
        return {}

    return await import_file(source, Product, store, _id, on_rejected=on_rejected)


async def import_users(people: People, source: Source, on_rejected: OnRejected = ignore) -> Imported:
    """Load users. Alerts that a user has switched off stay so, unless the file says otherwise."""

    async def store(users: Sequence[User]) -> Refused:
        await people.store_users(users)
        return {}

    return await import_file(source, User, store, _id, on_rejected=on_rejected)


async def import_wishes(wishlists: Wishlists, source: Source, on_rejected: OnRejected = ignore) -> Imported:
    """Load wishes; one whose product or user was not imported is rejected."""

    async def store(wishes: Sequence[WishedItem]) -> Refused:
        rejected = await wishlists.store_items(wishes)
        return {_pair(each.wish): _problem(each) for each in rejected}

    return await import_file(source, WishedItem, store, _pair, on_rejected=on_rejected)


def _id(entry: Product | User) -> Key:
    return (entry.id,)


def _pair(wish: WishedItem) -> Key:
    return (wish.product_id, wish.user_id)


def _problem(rejected: RejectedWish) -> str:
    names = {"product_id": ("product", rejected.wish.product_id), "user_id": ("user", rejected.wish.user_id)}
    unknown = [(field, *names[field]) for field in rejected.unknown]
    return "; ".join(
        f"{field}: {value!r} is not accepted: a {what} that was imported" for field, what, value in unknown
    )
