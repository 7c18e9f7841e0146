"""Wishes as the platform tells them, the wishlist jobs' messages, and what their rules are called."""

from datetime import timedelta
from enum import StrEnum

from pydantic import AwareDatetime, Field

from mainspring.contracts.effects import SendEffect
from mainspring.contracts.fields import LARGEST_INTEGER, Cents, Flag, Id, Moment
from mainspring.contracts.message import Message
from mainspring.contracts.progress import TaskProgress

# The job that sends what the checks have found; its name is wire format.
SEND_NOTIFICATIONS = "send-notifications"

# Longer than any rule means, and nothing overflows.
A_YEAR = timedelta(days=365)


class NotificationKind(StrEnum):
    """What somebody is told of."""

    SALE = "sale"
    STOCK = "stock"


class SkipReason(StrEnum):
    """Why somebody is not told: the first group by a check, the second just before the mail was sent.

    The last: the mail was given up, and what is told of in it is told by the next check.
    """

    DROP_TOO_SMALL = "drop-too-small"
    COOLDOWN = "cooldown"
    ALREADY_NOTIFIED = "already-notified"
    NOT_WANTED = "not-wanted"
    WISHED_LATER = "wished-later"
    CAPPED = "capped"

    SALE_ENDED = "sale-ended"
    PRICE_ROSE = "price-rose"
    OUT_OF_STOCK = "out-of-stock"
    WISH_REMOVED = "wish-removed"
    UNSUBSCRIBED = "unsubscribed"

    UNDELIVERED = "undelivered"


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


class StoredWish(WishedItem):
    """A wish as it is stored. `currency` is that of the price; without it, the product's."""

    currency: str | None = None


class RejectedWish(Message):
    """A wish that was not stored: `unknown` are those of its fields that name nobody or nothing."""

    wish: WishedItem
    unknown: tuple[str, ...]


class CheckWishlistSales(Message):
    """Tell users of wished products that went on sale, or fell further.

    `min_drop_percent` is below the price when wished, or below the price that was told of last in the same
    sale; the latter only when `deeper_drop_after` has passed. A user gets one mail each `user_cooldown`.
    """

    min_drop_percent: int = Field(default=5, ge=0, le=99)
    deeper_drop_after: timedelta = Field(default=timedelta(hours=24), ge=timedelta(0), le=A_YEAR)
    user_cooldown: timedelta = Field(default=timedelta(hours=1), ge=timedelta(0), le=A_YEAR)


class CheckWishlistStock(Message):
    """Tell users of wished products that are back in stock, those who wished first before the others.

    Back is a product that was seen with none, and now has `min_stock`. A check tells `mails_per_unit` users
    for each unit, all of them with None. A user gets a mail each `user_cooldown` at most.
    """

    min_stock: int = Field(default=1, ge=1, le=LARGEST_INTEGER)
    mails_per_unit: int | None = Field(default=10, ge=1, le=LARGEST_INTEGER)
    user_cooldown: timedelta = Field(default=timedelta(hours=1), ge=timedelta(0), le=A_YEAR)


class WishlistChecked(Message):
    """What a check did. `checked` wishes of `products` that may matter were evaluated.

    `notified` wishes are told of in `mails`, new ones or such as still waited; `skipped` counts by reason.
    `errors` products could not be evaluated; the next check looks at them again.
    """

    products: int = 0
    checked: int = 0
    notified: int = 0
    mails: int = 0
    skipped: dict[SkipReason, int] = Field(default_factory=dict)
    errors: int = 0
    duration_seconds: float = 0


class SendNotification(SendEffect):
    """Send one mail of the effects ledger, unless its user had another one within `user_cooldown`."""

    user_cooldown: timedelta = timedelta(0)


class NotificationSent(Message):
    """What became of a mail: `told` of so many wishes, none of them when nothing held any more."""

    message_id: str | None
    told: int
    skipped: dict[SkipReason, int] = Field(default_factory=dict)


class WishlistProgress(TaskProgress):
    """How far a check has come: all wishes up to one of a product in a workspace, the older ones first.

    `told_of_product` of the wishes for the product within which it is were found due. `judged` says that all
    wishes were looked at, `finished` that the mails are planned too.
    """

    began_at: AwareDatetime
    after_workspace: str = ""
    after_product: str = ""
    after_added_at: AwareDatetime | None = None
    after_user: str = ""
    told_of_product: int = 0
    pages: int = 0
    products: int = 0
    checked: int = 0
    notified: int = 0
    mails: int = 0
    skipped: dict[SkipReason, int] = Field(default_factory=dict)
    errors: int = 0
    judged: bool = False

    @property
    def revision(self) -> int:
        """The pages."""
        return self.pages


class CheckBatch(Message):
    """Go on with a check, by the rules of one of the two, from where it is."""

    sales: CheckWishlistSales | None = None
    stock: CheckWishlistStock | None = None
    progress: WishlistProgress
