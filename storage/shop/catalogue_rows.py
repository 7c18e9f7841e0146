"""Products of the catalogue as rows, and rows as products."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_

from mainspring.contracts.shop.catalogue import (
    PUBLISHED,
    Brand,
    CatalogueProduct,
    ProductFilter,
    StoredProduct,
    Variant,
)
from mainspring.storage.tables import BrandRow, CatalogueProductRow, ProductVariantRow

# Whether a product is shown; a query over other tables joins `shop_products` and asks for this.
IS_SHOWN: ColumnElement[bool] = and_(
    CatalogueProductRow.status == PUBLISHED, CatalogueProductRow.visible_to_gifter
)

# What a product's row has of a message as it is.
SAME = {"id", "title", "slug", "status", "visible_to_gifter", "is_featured", "short_description"}
SAME |= {"description", "price_cents", "currency", "gift_tags", "occasion_fit", "style_tags"}
TAGS = ("gift_tags", "occasion_fit", "style_tags")
TIMES = {"changed_at", "created_at", "updated_at"}


def filtered(wanted: ProductFilter) -> ColumnElement[bool]:
    """Return the condition for rows of products that are shown and for which a filter holds."""
    row = CatalogueProductRow
    conditions: list[ColumnElement[bool]] = [IS_SHOWN]
    if wanted.min_price_cents is not None:
        conditions.append(row.price_cents >= wanted.min_price_cents)
    if wanted.max_price_cents is not None:
        conditions.append(row.price_cents <= wanted.max_price_cents)
    if wanted.brand_ids:
        conditions.append(row.brand_id.in_(wanted.brand_ids))
    if wanted.exclude_product_ids:
        conditions.append(row.id.not_in(wanted.exclude_product_ids))
    if wanted.is_featured is not None:
        conditions.append(row.is_featured == wanted.is_featured)
    return and_(*conditions)


def brand_values(brand: Brand, workspace: str, changed_at: datetime, now: datetime) -> dict[str, Any]:
    """Return the row of a brand."""
    return brand.model_dump() | {"workspace": workspace, "changed_at": changed_at, "updated_at": now}


def product_values(product: CatalogueProduct, workspace: str, content: str, now: datetime) -> dict[str, Any]:
    """Return the row of a product; `content` is the hash of what models read of it."""
    own = product.model_dump(mode="json", include=SAME)
    return own | {
        "workspace": workspace,
        "brand_id": None if product.brand is None else product.brand.id,
        "content_hash": content,
        "changed_at": product.changed_at,
        "created_at": now,
        "updated_at": now,
    }


def variant_values(product: CatalogueProduct, workspace: str) -> Iterator[dict[str, Any]]:
    """Give the rows of a product's variants."""
    for position, variant in enumerate(product.variants):
        place = {"workspace": workspace, "product_id": product.id, "position": position}
        yield variant.model_dump(mode="json") | place


def stored_product(
    row: CatalogueProductRow, brand: BrandRow | None, variants: Iterable[ProductVariantRow]
) -> StoredProduct:
    """Return the product that rows hold."""
    values: dict[str, Any] = {name: getattr(row, name) for name in SAME | TIMES}
    values |= {name: tuple(values[name]) for name in TAGS}
    named = None if brand is None else _brand(brand)
    return StoredProduct.model_construct(
        **values, brand=named, variants=tuple(_variant(each) for each in variants)
    )


def _brand(row: BrandRow) -> Brand:
    return Brand.model_construct(id=row.id, name=row.name, slug=row.slug)


def _variant(row: ProductVariantRow) -> Variant:
    return Variant.model_construct(**{name: getattr(row, name) for name in Variant.model_fields})
