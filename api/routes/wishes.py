"""Wishes: which user wishes for which product."""

from typing import Annotated

from fastapi import APIRouter, Query

from mainspring.api.callers import Operator, Viewer
from mainspring.api.models import Limit, Page
from mainspring.api.rows import Rows, Stored, page_of, stored
from mainspring.client.cursors import LONGEST_CURSOR, cursor_of, place_after
from mainspring.client.errors import EntryUnknown
from mainspring.client.shop_imports import import_wishes
from mainspring.contracts.fields import Id
from mainspring.contracts.wishlist import StoredWish, WishedItem

routes = APIRouter(prefix="/wishes", tags=["wishlist"])


@routes.get("", operation_id="list_wishes")
async def list_wishes(
    who: Viewer,
    *,
    user_id: Annotated[Id | None, Query(description="Of this user.")] = None,
    product_id: Annotated[Id | None, Query(description="For this product.")] = None,
    after: Annotated[
        str | None, Query(description="The `next` of the page above.", max_length=LONGEST_CURSOR)
    ] = None,
    limit: Limit = 50,
) -> Page[StoredWish]:
    """List wishes in the order of product and user."""
    found = await who.service.wishlists.items(
        user_id=user_id, product_id=product_id, after=place_after(after), limit=limit + 1
    )
    return page_of(found, limit, lambda each: cursor_of(each.product_id, each.user_id))


@routes.post("", operation_id="store_wishes")
async def store_wishes(who: Operator, body: Rows[WishedItem]) -> Stored:
    """Store up to a thousand wishes; one whose user or product is not there is rejected.

    Price and time that are left out stay as they are; a new wish has the product's present price, and now.
    """
    result = stored(await import_wishes(who.service.wishlists, body.items))
    await who.audit("wishes", after=result.counts)
    return result


@routes.delete("", status_code=204, operation_id="remove_wish")
async def remove_wish(
    who: Operator,
    user_id: Annotated[Id, Query(description="Of this user.", examples=["anna"])],
    product_id: Annotated[Id, Query(description="For this product.", examples=["lamp-1"])],
) -> None:
    """Remove a wish; nothing more is sent about it."""
    if not await who.service.wishlists.remove_items([(product_id, user_id)]):
        raise EntryUnknown("wish", f"of {user_id} for {product_id}")
    await who.audit(f"wish of {user_id} for {product_id}")
