"""A product as a row of a file, or of a list that a caller sends: flat enough for CSV."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from mainspring.contracts.fields import Cents, Currency, Flag, Id, Name
from mainspring.contracts.message import Message
from mainspring.contracts.shop.catalogue import (
    MOST_VARIANTS,
    Brand,
    CatalogueProduct,
    ChangedAt,
    LongText,
    Status,
    Tags,
    Variant,
)


def _separated(value: Any) -> Any:
    return [tag for part in value.split(";") if (tag := part.strip())] if isinstance(value, str) else value


# In a cell of CSV tags are separated by semicolons.
TagCell = Annotated[Tags, BeforeValidator(_separated)]


class ProductRow(Message):
    """A product with all that is known of it; what is left out is not kept from before.

    The brand is an object, or in CSV the two columns `brand_id` and `brand_name`. Without `changed_at`
    the row is the state of now.
    """

    id: Id
    title: Name
    status: Status
    visible_to_gifter: Flag
    changed_at: ChangedAt | None = None
    slug: Id | None = None
    brand: Brand | None = None
    brand_id: Id | None = None
    brand_name: Name | None = None
    is_featured: Flag = False
    short_description: LongText | None = None
    description: LongText | None = None
    price_cents: Cents | None = None
    currency: Currency | None = None
    gift_tags: TagCell = ()
    occasion_fit: TagCell = ()
    style_tags: TagCell = ()
    variants: Annotated[tuple[Variant, ...], Field(max_length=MOST_VARIANTS)] = ()

    def catalogued(self, now: datetime) -> CatalogueProduct:
        """Return the product as the catalogue has it."""
        return CatalogueProduct.model_construct(
            **{name: getattr(self, name) for name in CatalogueProduct.model_fields.keys() - {"brand"}}
            | {"changed_at": self.changed_at or now, "brand": self.brand or self._brand()}
        )

    def _brand(self) -> Brand | None:
        named = self.brand_id or (self.brand_name or "")[:200]
        return Brand(id=named, name=self.brand_name or named) if named else None
