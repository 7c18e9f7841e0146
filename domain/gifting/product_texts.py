"""The texts of a product of the catalogue: what is enriched, and what is embedded."""

from dataclasses import replace

from mainspring.contracts.gifting.enrichment import Enrichment
from mainspring.contracts.shop.catalogue import CatalogueProduct
from mainspring.domain.gifting.texts import ProductText, canonical_text


def enriched_text(product: CatalogueProduct) -> str:
    """Return what a model is told of a product."""
    return canonical_text(_told(product))


def embedded_text(product: CatalogueProduct, enrichment: Enrichment | None) -> str:
    """Return the text whose vector a product has: what is told of it, and what a model has added."""
    told = _told(product)
    if enrichment is not None:
        told = replace(told, added_description=enrichment.short_description, added_tags=enrichment.tags)
    return canonical_text(told)


def _told(product: CatalogueProduct) -> ProductText:
    return ProductText(
        title=product.title,
        descriptions=(product.short_description or "", product.description or ""),
        tags=product.gift_tags + product.occasion_fit + product.style_tags,
        brand="" if product.brand is None else product.brand.name,
    )
