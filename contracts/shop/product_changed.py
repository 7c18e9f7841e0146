"""`product.changed`, as Payload CMS tells it: camelCase, JSON's own types, further fields ignored."""

from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from mainspring.contracts.fields import LARGEST_INTEGER, Currency, Id, Name, in_words
from mainspring.contracts.message import Message
from mainspring.contracts.shop.catalogue import (
    MOST_VARIANTS,
    Brand,
    CatalogueProduct,
    ChangedAt,
    LongText,
    Options,
    Status,
    Tags,
    Variant,
)


def _is_integer(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _empty_for_null(value: Any) -> Any:
    return () if value is None else value


def _no_options_for_null(value: Any) -> Any:
    return {} if value is None else value


# As the fields of files, without the texts that a file has in the place of numbers and of true.
Truth = Annotated[bool, in_words("true or false", lambda value: isinstance(value, bool))]
Minor = Annotated[
    int,
    Field(ge=0, le=LARGEST_INTEGER),
    in_words(f"a whole number of minor units (1299 for 12.99) from 0 to {LARGEST_INTEGER}", _is_integer),
]
Units = Annotated[
    int,
    Field(ge=-LARGEST_INTEGER, le=LARGEST_INTEGER),
    in_words(f"a whole number from -{LARGEST_INTEGER} to {LARGEST_INTEGER}", _is_integer),
]
MaybeTags = Annotated[Tags, BeforeValidator(_empty_for_null)]


class _Wire(Message):
    """What a CMS tells: what is known is strict, what is not known is left out."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class ChangedBrand(_Wire):
    """The brand of a product that changed."""

    brand_id: Id = Field(validation_alias=AliasChoices("payloadBrandId", "id"))
    name: Name
    slug: Id | None = None


class ChangedVariant(_Wire):
    """A variant of a product that changed."""

    payload_variant_id: Id
    sku: Id | None = None
    option_values: Annotated[Options, BeforeValidator(_no_options_for_null)] = Field(default={})
    price: Minor | None = None
    currency: Currency | None = None
    stock: Units | None = None


class ChangedProduct(_Wire):
    """The fields of a product that changed."""

    title: Name
    slug: Id | None = None
    status: Status
    visible_to_gifter: Truth
    is_featured: Truth = False
    short_description: LongText | None = None
    description: LongText | None = None
    default_price: Minor | None = None
    default_currency: Currency | None = None
    gift_tags: MaybeTags = ()
    occasion_fit: MaybeTags = ()
    style_tags: MaybeTags = ()


class ProductChanged(_Wire):
    """A product was made or changed, at `ts`; the whole product is told, with all its variants."""

    event: Literal["product.changed"]
    payload_product_id: Id
    brand: ChangedBrand | None = None
    product: ChangedProduct
    variants: Annotated[
        tuple[ChangedVariant, ...], Field(max_length=MOST_VARIANTS), BeforeValidator(_empty_for_null)
    ] = ()
    ts: ChangedAt

    def catalogued(self) -> CatalogueProduct:
        """Return the product as the catalogue has it."""
        told, brand = self.product, self.brand
        same = {"title", "slug", "status", "visible_to_gifter", "is_featured", "short_description"}
        same |= {"description", "gift_tags", "occasion_fit", "style_tags"}
        return CatalogueProduct(
            id=self.payload_product_id,
            brand=brand and Brand(id=brand.brand_id, name=brand.name, slug=brand.slug),
            price_cents=told.default_price,
            currency=told.default_currency,
            variants=tuple(_variant(each) for each in self.variants),
            changed_at=self.ts,
            **told.model_dump(include=same),
        )


def _variant(told: ChangedVariant) -> Variant:
    return Variant(
        id=told.payload_variant_id,
        sku=told.sku,
        options=told.option_values,
        price_cents=told.price,
        currency=told.currency,
        stock=told.stock,
    )
