"""Recommendations: products for a taste profile, each with the reason in words."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from mainspring.contracts.fields import Id
from mainspring.contracts.message import Message
from mainspring.contracts.shop.catalogue import ProductFilter, Tag

# The most products that are recommended at once.
MOST_RECOMMENDED = 100


class GiftFilter(ProductFilter):
    """Which products may be recommended: those for which everything that is given here holds.

    Of `occasions` one is enough; capital letters do not matter.
    """

    occasions: Annotated[tuple[Tag, ...], Field(max_length=20)] = ()


class GiftProduct(Message):
    """What is shown of a product."""

    id: Id
    title: str
    brand: str | None
    price_cents: int | None
    currency: str | None
    short_description: str | None
    is_featured: bool


class Recommendation(Message):
    """A product, how near its text is to the profile's (-1 to 1), and why it is recommended."""

    product: GiftProduct
    similarity: float
    reason: str


class Recommendations(Message):
    """What is recommended for a profile, the best first.

    `renewed_by` is the task that embeds the profile's last answers: until then those before count.
    """

    profile_id: Id
    items: tuple[Recommendation, ...]
    renewed_by: UUID | None = None
