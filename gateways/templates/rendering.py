"""From alerts to a mail's subject, text and HTML, by the templates in `templates/`.

A folder for each locale; in it each kind of mail has a `.subject`, a `.txt` and an `.mjml`. The MJML is put
together with `[% %]` and `[[ ]]` and compiled once. What comes out still has its `{% %}` and `{{ }}`, and is
the template that each mail is filled in from: so no value passes the MJML compiler (1.5 ms a mail), nor is
one ever read as a template.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from babel import Locale
from babel.numbers import format_decimal, format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from mjml import mjml2html

from mainspring.contracts.wishlist import NotificationKind
from mainspring.gateways.templates.content import MailItem, Recipient, Rendered, checked_link
from mainspring.gateways.templates.locales import choose, price_in_words

FOLDER = Path(__file__).parent / "mails"

DIGEST = "digest"

# A product is some 5 kB of HTML, and Gmail (November 2026) shows no more than 102 kB of a mail: it would
# cut the link to unsubscribe off.
MOST_SHOWN = 12

# What steers a terminal, or turns the rest of a line around. Some alphabets need marks of direction.
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202d\u202e]")

KINDS = {NotificationKind.SALE: "sale", NotificationKind.STOCK: "back-in-stock"}


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


@dataclass(frozen=True)
class _Compiled:
    subject: Template
    text: Template
    html: Template


class Templates:
    """Renders mails from a shop; each template is compiled when it is first needed."""

    def __init__(self, shop_name: str, folder: Path = FOLDER) -> None:
        self._shop_name = shop_name
        loader = FileSystemLoader(folder)
        self._names = frozenset(loader.list_templates())
        self._compiled: dict[tuple[str, str], _Compiled] = {}
        self._text = Environment(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701  # plain text has nothing to escape
            trim_blocks=True,
            lstrip_blocks=True,
        )
        # Nothing but the templates' own files goes through this one.
        self._mjml = Environment(
            loader=loader,
            undefined=StrictUndefined,
            autoescape=False,  # noqa: S701
            block_start_string="[%",
            block_end_string="%]",
            variable_start_string="[[",
            variable_end_string="]]",
            comment_start_string="[#",
            comment_end_string="#]",
        )
        self._html = Environment(undefined=StrictUndefined, autoescape=True)

    def render(self, alerts: Sequence[MailItem], recipient: Recipient, *, unsubscribe_url: str) -> Rendered:
        """Write one mail about all of the alerts, at least one; a digest counts those beyond the first 12.

        Raises MailUnsendable when `unsubscribe_url` is not http or https.
        """
        kind = KINDS[alerts[0].kind] if len(alerts) == 1 else DIGEST
        folder, locale = choose(recipient.locale, self._folders(kind))
        template = self._template(folder, kind)
        products = [_in_words(each, locale) for each in alerts[:MOST_SHOWN]]
        more = len(alerts) - len(products)
        values = {
            "shop": self._shop_name,
            "name": None if recipient.name is None else _one_line(recipient.name),
            "product": products[0],
            "products": products,
            "count": format_decimal(len(alerts), locale=locale),
            "more": format_decimal(more, locale=locale) if more else None,
            "unsubscribe_url": checked_link(unsubscribe_url),
        }
        subject = _one_line(template.subject.render(values))
        return Rendered(
            subject=subject,
            text=template.text.render(values),
            html=template.html.render(values, subject=subject),
        )

    def _folders(self, kind: str) -> set[str]:
        return {name.partition("/")[0] for name in self._names if name.endswith(f"/{kind}.mjml")}

    def _template(self, folder: str, kind: str) -> _Compiled:
        found = self._compiled.get((folder, kind))
        if found is None:
            mjml = self._mjml.get_template(f"{folder}/{kind}.mjml").render(language=folder)
            found = self._compiled[folder, kind] = _Compiled(
                subject=self._text.get_template(f"{folder}/{kind}.subject"),
                text=self._text.get_template(f"{folder}/{kind}.txt"),
                html=self._html.from_string(mjml2html(mjml, disable_comments=True)),
            )
        return found


def _in_words(alert: MailItem, locale: Locale) -> _Product:
    def price(minor_units: int) -> str:
        return price_in_words(minor_units, alert.currency, locale)

    off = alert.percent_off
    return _Product(
        kind=alert.kind,
        # A line break in a name would otherwise look like one of ours.
        name=_one_line(alert.product_name),
        url=alert.product_url,
        image=alert.image_url,
        price=price(alert.price_cents),
        was=price(alert.was_cents) if off is not None and alert.was_cents is not None else None,
        off=format_percent(off / 100, locale=locale) if off else None,
        stock=format_decimal(alert.stock, locale=locale) if alert.stock is not None else None,
    )


def _one_line(text: str) -> str:
    """Return a name as it may stand in a subject, and be read on a terminal: others have chosen it."""
    return STEERING.sub("", " ".join(text.split()))
