"""What the platform tells of its products, one row each.

Ids are the platform's own. Prices are in minor units of the product's currency (cents; whole yen).
"""

from typing import Self

from pydantic import model_validator

from mainspring.contracts.fields import Cents, Currency, Id, Moment, Name, Stock, Url
from mainspring.contracts.message import Message


class Product(Message):
    """A product that can be wished for. It is on sale from `sale_starts_at` up to `sale_ends_at`.

    A sale without a start or an end is open on that side; one whose price is not below `price_cents` is none.
    A product whose `stock` is 0 or below is sold out.
    """

    id: Id
    name: Name
    url: Url
    image_url: Url | None = None
    currency: Currency
    price_cents: Cents
    sale_price_cents: Cents | None = None
    sale_starts_at: Moment | None = None
    sale_ends_at: Moment | None = None
    stock: Stock = 0

    @model_validator(mode="after")
    def _check_window(self) -> Self:
        begin, end = self.sale_starts_at, self.sale_ends_at
        if begin and end and begin >= end:
            raise ValueError(
                f"sale_ends_at: '{end.isoformat()}' is not accepted: a time after sale_starts_at, which is "
                f"{begin.isoformat()}"
            )
        return self
