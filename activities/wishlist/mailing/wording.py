"""What the mails about wishes say: alerts in the words of the reader's language."""

from collections.abc import Sequence
from dataclasses import dataclass

from babel import Locale
from babel.numbers import format_decimal, format_percent

from mainspring.contracts.wishlist import NotificationKind
from mainspring.gateways.templates import (
    Recipient,
    Rendered,
    Templates,
    checked_link,
    one_line,
    price_in_words,
)

DIGEST = "digest"

# A product is some 5 kB of HTML, and Gmail (November 2026) shows no more than 102 kB of a mail: it would
# cut the link to unsubscribe off.
MOST_SHOWN = 12

KINDS = {NotificationKind.SALE: "sale", NotificationKind.STOCK: "back-in-stock"}


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
class _Product:
    """An alert as the templates see it: everything is in words."""

    kind: str
    name: str
    url: str
    image: str | None
    price: str
    was: str | None
    off: str | None
    stock: str | None


def render_alerts(
    templates: Templates, alerts: Sequence[MailItem], recipient: Recipient, *, unsubscribe_url: str
) -> Rendered:
    """Write one mail about all of the alerts, at least one; a digest counts those beyond the first 12.

    Raises MailUnsendable when `unsubscribe_url` is not http or https.
    """

    def values(locale: Locale) -> dict[str, object]:
        products = [_in_words(each, locale) for each in alerts[:MOST_SHOWN]]
        more = len(alerts) - len(products)
        return {
            "product": products[0],
            "products": products,
            "count": format_decimal(len(alerts), locale=locale),
            "more": format_decimal(more, locale=locale) if more else None,
        }

    kind = KINDS[alerts[0].kind] if len(alerts) == 1 else DIGEST
    return templates.render(kind, recipient, values, unsubscribe_url=unsubscribe_url)


def _in_words(alert: MailItem, locale: Locale) -> _Product:
    def price(minor_units: int) -> str:
        return price_in_words(minor_units, alert.currency, locale)

    off = alert.percent_off
    return _Product(
        kind=alert.kind,
        # A line break in a name would otherwise look like one of ours.
        name=one_line(alert.product_name),
        url=alert.product_url,
        image=alert.image_url,
        price=price(alert.price_cents),
        was=price(alert.was_cents) if off is not None and alert.was_cents is not None else None,
        off=format_percent(off / 100, locale=locale) if off else None,
        stock=format_decimal(alert.stock, locale=locale) if alert.stock is not None else None,
    )
