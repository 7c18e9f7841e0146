"""What the platform tells of its shop for the wishlists: products, users and wishes, one row each.

Ids are the platform's own. Prices are in minor units of the product's currency (cents; whole yen).
"""

from typing import Self

from pydantic import model_validator

from mainspring.contracts.message import Message
from mainspring.contracts.shop_fields import (
    Address,
    Cents,
    Currency,
    Flag,
    Id,
    Locale,
    LocalTime,
    Moment,
    Name,
    Units,
    Url,
    Zone,
)


class Product(Message):
    """A product that can be wished for. It is on sale from `sale_starts_at` up to `sale_ends_at`.

    A sale without a start or an end is open on that side; one whose price is not below `price_cents` is none.
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
    stock: Units = 0

    @model_validator(mode="after")
    def _check_window(self) -> Self:
        begin, end = self.sale_starts_at, self.sale_ends_at
        if begin and end and begin >= end:
            raise ValueError(
                f"sale_ends_at: '{end.isoformat()}' is not accepted: a time after sale_starts_at, which is "
                f"{begin.isoformat()}"
            )
        return self


class User(Message):
    """Somebody who wishes. No mail is sent from `quiet_from` to `quiet_until`, local times of the zone.

    Alerts that are left out stay as they are, also switched off by a link in a mail; a new user has both.
    """

    id: Id
    email: Address
    name: Name | None = None
    time_zone: Zone = "UTC"
    locale: Locale = "en"
    sale_alerts: Flag = True
    stock_alerts: Flag = True
    quiet_from: LocalTime | None = None
    quiet_until: LocalTime | None = None

    @model_validator(mode="after")
    def _check_quiet_hours(self) -> Self:
        if (self.quiet_from is None) != (self.quiet_until is None):
            alone, other = ("quiet_from", "quiet_until")[:: 1 if self.quiet_until is None else -1]
            raise ValueError(
                f"{alone}: '{getattr(self, alone)}' is not accepted without {other}: both or neither of them"
            )
        return self


class WishedItem(Message):
    """A user's wish for a product, one for each pair. At first it has the product's price, and time now.

    Left out for a wish that is there already, price and time stay.
    """

    user_id: Id
    product_id: Id
    notify_on_sale: Flag = True
    notify_on_stock: Flag = True
    price_when_added_cents: Cents | None = None
    added_at: Moment | None = None


class RejectedWish(Message):
    """A wish that was not stored: `unknown` are those of its fields that name nobody or nothing."""

    wish: WishedItem
    unknown: tuple[str, ...]
