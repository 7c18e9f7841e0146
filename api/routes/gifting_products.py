"""The catalogue: products as the CMS tells of them, published or not."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from mainspring.api.callers import Observer, Operator
from mainspring.api.models import Limit, Page
from mainspring.api.rows import Rows, Stored, page_of, stored
from mainspring.client.gifting.product_imports import import_catalogue
from mainspring.contracts.fields import Id
from mainspring.contracts.gifting.details import ProductDetail
from mainspring.contracts.shop.catalogue import StoredProduct
from mainspring.contracts.shop.product_rows import ProductRow

routes = APIRouter(prefix="/gifting/products", tags=["gifting"])

ProductId = Annotated[Id, Path(description="The CMS's id of a product.", examples=["665f1c"])]


@routes.get("", operation_id="list_catalogue_products")
async def list_catalogue_products(
    who: Observer,
    *,
    after: Annotated[Id | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
    is_shown: Annotated[bool | None, Query(description="Published and visible, or not.")] = None,
    brand_id: Annotated[Id | None, Query(description="The brand's id.")] = None,
) -> Page[StoredProduct]:
    """List products in the order of their ids."""
    found = await who.service.products.products(
        after=after or "", limit=limit + 1, is_shown=is_shown, brand_id=brand_id
    )
    return page_of(found, limit, lambda each: each.id)


@routes.post("", operation_id="store_catalogue_products")
async def store_catalogue_products(who: Operator, body: Rows[ProductRow]) -> Stored:
    """Store up to a thousand products, and have those enriched and embedded that are new or different.

    A row is the whole product: what is left out is not kept from before. Of two states the later one holds.
    """
    result = stored(await import_catalogue(who.service.products, body.items))
    await who.audit("catalogue", after=result.counts)
    return result


@routes.get("/{product_id:path}", operation_id="get_catalogue_product")
async def get_catalogue_product(who: Observer, product_id: ProductId) -> ProductDetail:
    """Return a product with its brand and variants, its enrichment and the last model runs about it.

    A key of an observer sees no model runs.
    """
    found = await who.service.products.detail(product_id)
    return found if who.sees_payloads else found.model_copy(update={"model_runs": ()})
