"""What the oracle of the wishlists remembers: the shop, what the checks have seen of it, who is told."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

SALE, STOCK = "sale", "stock"

# (product, user, kind, episode, price): at most one message each. A return to stock has no price.
Key = tuple[str, str, str, int, int]
# A mail is its user's, and one at a time is planned for each.
MailKey = tuple[str, datetime]


@dataclass
class OracleProduct:
    """What the shop says of a product, and what the checks have seen of it."""

    price: int = 0
    sale_price: int | None = None
    sale_starts: datetime | None = None
    sale_ends: datetime | None = None
    stock: int = 0
    seen_on_sale: bool = False
    sales: int = 0
    seen_sold_out: bool = False
    back_since: datetime | None = None
    returns: int = 0

    def on_sale(self, now: datetime) -> bool:
        """Whether the window is open, and the sale price below the price."""
        if self.sale_price is None or self.sale_price >= self.price:
            return False
        if self.sale_starts is not None and now < self.sale_starts:
            return False
        return self.sale_ends is None or now < self.sale_ends

    def price_at(self, now: datetime) -> int:
        """Return what is to be paid now."""
        return self.sale_price if self.sale_price is not None and self.on_sale(now) else self.price

    def episode(self, kind: str) -> int | None:
        """Return the sale or the return that the checks have seen begin and not end."""
        if kind == SALE:
            return self.sales if self.seen_on_sale else None
        return None if self.back_since is None else self.returns


@dataclass
class OracleUser:
    """Who wishes, what he wants to hear of unless he says otherwise, and when he was last sent a mail."""

    wants: dict[str, bool] = field(default_factory=lambda: {SALE: True, STOCK: True})
    mailed_at: datetime | None = None


@dataclass
class OracleWish:
    """A wish."""

    added_at: datetime
    price: int
    wants: dict[str, bool]


@dataclass
class Note:
    """A notification. `price` is what a mail has said last, before that what the check has seen."""

    key: Key
    price: int
    least_stock: int
    at: datetime
    state: str = "due"
    reason: str | None = None


@dataclass
class OracleMail:
    """A mail: it takes up more unless it may have gone out."""

    not_before: datetime
    cooldown: timedelta
    keys: set[Key] = field(default_factory=set)
    is_doubtful: bool = False
