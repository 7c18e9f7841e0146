"""Products: what the platform sells."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from mainspring.api.callers import Observer, Operator
from mainspring.api.models import Limit, Page
from mainspring.api.rows import Rows, Stored, page_of, stored
from mainspring.client.shop_imports import import_products
from mainspring.contracts.fields import Id
from mainspring.contracts.shop import Product

routes = APIRouter(prefix="/products", tags=["shop"])

ProductId = Annotated[Id, Path(description="The platform's id of a product.", examples=["lamp-1"])]


@routes.get("", operation_id="list_products")
async def list_products(
    who: Observer,
    *,
    after: Annotated[Id | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[Product]:
    """List products in the order of their ids."""
    found = await who.service.shop.products(after=after or "", limit=limit + 1)
    return page_of(found, limit, lambda each: each.id)


@routes.post("", operation_id="store_products")
async def store_products(who: Operator, body: Rows[Product]) -> Stored:
    """Store up to a thousand products; one that is there is overwritten. The same again changes nothing."""
    result = stored(await import_products(who.service.shop, body.items))
    await who.audit("products", after=result.counts)
    return result


@routes.get("/{product_id:path}", operation_id="get_product")
async def get_product(who: Observer, product_id: ProductId) -> Product:
    """Return a product."""
    return await who.service.shop.product(product_id)


@routes.delete("/{product_id:path}", status_code=204, operation_id="remove_product")
async def remove_product(who: Operator, product_id: ProductId) -> None:
    """Remove a product and the wishes for it; nothing more is sent about it."""
    await who.service.shop.remove_product(product_id)
    await who.audit(f"product {product_id}")
