"""What a product costs, whether it is on sale, and what a model reads of it."""

import json
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from mainspring.contracts.shop.catalogue import CatalogueProduct

READ_BY_MODELS = {
    "title",
    "short_description",
    "description",
    "gift_tags",
    "occasion_fit",
    "style_tags",
    "price_cents",
    "currency",
}


@dataclass(frozen=True)
class Offer:
    """A product as the shop sells it. A window without a start or an end is open on that side."""

    product_id: str
    price_cents: int
    stock: int
    sale_price_cents: int | None = None
    sale_starts_at: datetime | None = None
    sale_ends_at: datetime | None = None
    currency: str = ""

    def is_on_sale(self, now: datetime) -> bool:
        """Whether the sale window is open, its end not included, and the sale price is a lower one."""
        if self.sale_price_cents is None or self.sale_price_cents >= self.price_cents:
            return False
        has_begun = self.sale_starts_at is None or self.sale_starts_at <= now
        return has_begun and (self.sale_ends_at is None or now < self.sale_ends_at)

    def price_at(self, now: datetime) -> int:
        """Return what it costs now, in minor units."""
        on_sale = self.sale_price_cents is not None and self.is_on_sale(now)
        return self.sale_price_cents if on_sale and self.sale_price_cents is not None else self.price_cents


def content_hash(product: CatalogueProduct) -> str:
    """Return a hash of what a model reads of a product: text, tags, brand and price, but no stock."""
    brand = None if product.brand is None else product.brand.name
    read = product.model_dump(mode="json", include=READ_BY_MODELS) | {"brand": brand}
    return sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()
