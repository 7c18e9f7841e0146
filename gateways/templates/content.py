"""What the mails about wishes are written from."""

from dataclasses import dataclass

from mainspring.contracts.mail import is_web_link
from mainspring.contracts.wishlist import NotificationKind
from mainspring.gateways.smtp.errors import MailUnsendable


def checked_link(link: str) -> str:
    """Return a link that may stand in a mail. Raises MailUnsendable for any but http and https."""
    if not is_web_link(link):
        raise MailUnsendable(f"{link!r} is not a link to a web page")
    return link


@dataclass(frozen=True)
class MailItem:
    """One product that somebody is told of. Prices are in minor units (ISO 4217) of `currency`.

    `was_cents` is the price before the sale, `stock` how many there are. Raises MailUnsendable for a link
    that is not http or https.
    """

    kind: NotificationKind
    product_name: str
    product_url: str
    price_cents: int
    currency: str
    image_url: str | None = None
    was_cents: int | None = None
    stock: int | None = None

    def __post_init__(self) -> None:
        checked_link(self.product_url)
        if self.image_url is not None:
            checked_link(self.image_url)

    @property
    def percent_off(self) -> int | None:
        """Return by how many percent the price fell, rounded down; None when it did not."""
        if self.was_cents is None or self.was_cents <= self.price_cents:
            return None
        return (self.was_cents - self.price_cents) * 100 // self.was_cents


@dataclass(frozen=True)
class Recipient:
    """Who reads it. `locale` is like `de-AT`; one without templates gets its language's, or English."""

    locale: str
    name: str | None = None


@dataclass(frozen=True)
class Rendered:
    """A mail's content."""

    subject: str
    text: str
    html: str
