"""The catalogue: brands, and products with their variants, as a CMS tells of them.

Ids are the CMS's own. Prices are in minor units of their currency (cents; whole yen).
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from mainspring.contracts.fields import Cents, Currency, Flag, Id, Moment, Name, Stock, in_words, is_moment
from mainspring.contracts.message import Message
from mainspring.contracts.text import UNSTORABLE

# No product was told of before; a row that only keeps a place has this time, so that every state is later.
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

# The one status that shows a product to anybody.
PUBLISHED = "published"

LONGEST_TAG = 100

# More than any CMS has of one product; what a page of a thousand products takes stays bounded.
MOST_TAGS = 100
MOST_VARIANTS = 500
MOST_OPTIONS = 50


def _check_storable(text: str) -> str:
    if UNSTORABLE.search(text):
        raise ValueError("no database can have it")
    return text


def _check_recent(moment: datetime) -> datetime:
    if moment <= EARLIEST:
        raise ValueError("it is too early")
    return moment


def _check_tag(text: str) -> str:
    if len(text) > LONGEST_TAG:
        raise ValueError("it is too long")
    return text


LongText = Annotated[
    str,
    StringConstraints(max_length=20_000),
    AfterValidator(_check_storable),
    in_words("a text of at most 20000 characters, without NUL"),
]
Tag = Annotated[
    Name, AfterValidator(_check_tag), in_words(f"a text of 1 to {LONGEST_TAG} characters on one line")
]
Tags = Annotated[tuple[Tag, ...], Field(max_length=MOST_TAGS)]
# A word of the CMS's own: what is not published is not shown, whatever it is called.
Status = Annotated[
    str,
    StringConstraints(pattern="^[a-z][a-z0-9_-]{0,49}$"),
    in_words("a word in lower case such as published, draft or archived"),
]
ChangedAt = Annotated[
    Moment,
    AfterValidator(_check_recent),
    in_words("a time after 1970 with its zone such as 2026-12-01T09:00:00.000Z", is_moment),
]
Options = Annotated[dict[Tag, Tag], Field(max_length=MOST_OPTIONS)]


class Brand(Message):
    """Who makes products."""

    id: Id
    name: Name
    slug: Id | None = None


class Variant(Message):
    """One form in which a product is sold. `options` say which: size, colour. No stock is an unknown one."""

    id: Id
    sku: Id | None = None
    options: Options = Field(default={})
    price_cents: Cents | None = None
    currency: Currency | None = None
    stock: Stock | None = None


class CatalogueProduct(Message):
    """A product with its brand and variants, as of `changed_at`: of two states the later one holds.

    The product is shown, enriched, embedded and recommended while it is published and `visible_to_gifter`.
    Of two variants with the same id the last one holds.
    """

    id: Id
    title: Name
    status: Status
    visible_to_gifter: Flag
    changed_at: ChangedAt
    slug: Id | None = None
    brand: Brand | None = None
    is_featured: Flag = False
    short_description: LongText | None = None
    description: LongText | None = None
    price_cents: Cents | None = None
    currency: Currency | None = None
    gift_tags: Tags = ()
    occasion_fit: Tags = ()
    style_tags: Tags = ()
    variants: Annotated[tuple[Variant, ...], Field(max_length=MOST_VARIANTS)] = ()

    @property
    def is_shown(self) -> bool:
        """Whether the product is published and visible."""
        return self.status == PUBLISHED and self.visible_to_gifter


class StoredProduct(CatalogueProduct):
    """A product as it is stored, and since when."""

    created_at: AwareDatetime
    updated_at: AwareDatetime


class Storing(StrEnum):
    """What became of a product that was to be stored."""

    OLDER = "older"
    """A later state was stored already; nothing was written."""
    UNCHANGED = "unchanged"
    """Stored; nothing is different that a model reads."""
    CHANGED = "changed"
    """Stored; what a model reads is new or different, or the product is shown now and was not before."""


class StoredChange(Message):
    """What became of a product; `was_shown` and `is_shown` say whether it was shown before, and is now."""

    product_id: str
    storing: Storing
    was_shown: bool
    is_shown: bool


class ProductFilter(Message):
    """Which of the products that are shown: those for which everything that is given here holds.

    A product without a price is left out where a price is asked for.
    """

    min_price_cents: Cents | None = None
    max_price_cents: Cents | None = None
    brand_ids: Annotated[tuple[Id, ...], Field(max_length=100)] = ()
    exclude_product_ids: Annotated[tuple[Id, ...], Field(max_length=1_000)] = ()
    is_featured: Flag | None = None
