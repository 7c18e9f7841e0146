"""The templates, and what they make of values that were not written for them."""

import re
from html.parser import HTMLParser
from itertools import product
from pathlib import Path

import pytest
from babel import Locale

from mainspring.activities.wishlist.mailing.wording import MailItem, render_alerts
from mainspring.contracts.wishlist import NotificationKind
from mainspring.gateways.smtp import MailUnsendable
from mainspring.gateways.templates import Recipient, Rendered, Templates
from mainspring.gateways.templates.locales import price_in_words
from mainspring.gateways.templates.rendering import FOLDER

LINK = "https://jobs.example.org/unsubscribe/abc"

SALE = MailItem(
    kind=NotificationKind.SALE,
    product_name="Charizard",
    product_url="https://shop.example/p/1?a=1&b=2",
    image_url="https://shop.example/1.png",
    price_cents=1999,
    was_cents=2500,
    currency="EUR",
    stock=3,
)
STOCK = MailItem(
    kind=NotificationKind.STOCK,
    product_name="Black Lotus",
    product_url="https://shop.example/p/2",
    price_cents=199_900,
    currency="JPY",
)
KINDS = {"sale": [SALE], "back-in-stock": [STOCK], "digest": [SALE, STOCK]}
LOCALES = ["en", "de"]
NASTY = """<script>alert(1)</script>{{ 7*7 }}{% endfor %}--><![endif]' onload="x()" &amp; [[ x ]]"""

TEMPLATES = Templates("Cards & Co")


def render(alerts: list[MailItem], locale: str = "en-US", name: str | None = "Ann") -> Rendered:
    return render_alerts(TEMPLATES, alerts, Recipient(locale, name), unsubscribe_url=LINK)


class Outline(HTMLParser):
    """The tags of a page with their attributes' names, its comments' number, its links and its words."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.links: set[str] = set()
        self.words = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag and its links."""
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.links |= {value or "" for name, value in attrs if name in {"href", "src"}}

    def handle_comment(self, _data: str) -> None:
        """Note that there is one."""
        self.tags.append(("<!-- -->", ()))

    def handle_data(self, data: str) -> None:
        """Note the words."""
        self.words += f" {data}"


@pytest.mark.parametrize(("locale", "kind"), list(product(LOCALES, KINDS)))
def test_each_template_renders_in_each_locale(locale: str, kind: str) -> None:
    """With all that a product has, and with as little as it may have."""
    for alerts in (KINDS[kind], [STOCK] * len(KINDS[kind])):
        rendered = render(alerts, locale)
        assert "" not in {rendered.subject, rendered.text, rendered.html}
        for each in alerts:
            assert each.product_name in rendered.text
            assert each.product_url in rendered.text
            assert each.product_name in Outline(rendered.html).words
            assert each.product_url in Outline(rendered.html).links
        assert LINK in rendered.text
        assert LINK in Outline(rendered.html).links
        assert not re.search(r"{{|{%|\[\[|\[%|<mj-|None", rendered.text + rendered.html)
    assert f'lang="{locale}"' in rendered.html


def test_each_locale_is_complete() -> None:
    """A folder has every kind, each of three files."""
    expected = {f"{kind}.{part}" for kind in KINDS for part in ("subject", "txt", "mjml")}
    for locale in Path(FOLDER).iterdir():
        if locale.is_dir():
            assert expected <= {each.name for each in locale.iterdir()}, locale.name


def test_a_sale_tells_both_prices_and_the_percentage() -> None:
    """In the text and in the HTML."""
    rendered = render([SALE])
    assert "Charizard is on sale for €19.99" == rendered.subject
    for said in (rendered.text, Outline(rendered.html).words):
        assert {"€19.99", "€25.00", "20%"} <= set(re.findall(r"€?[\d.]+%?", said))


def test_a_price_that_did_not_fall_is_told_alone() -> None:
    """Nobody is shown a discount that is none."""
    same = MailItem(NotificationKind.SALE, "A", "https://shop.example/", 1999, "EUR", was_cents=1999)
    assert "was" not in render([same]).text
    assert "%" not in render([same]).text


def test_several_alerts_are_a_digest() -> None:
    """It tells of each product what is new about it."""
    rendered = render([SALE, STOCK])
    assert "News of 2 things from your wishlist" == rendered.subject
    assert "* Charizard\n  On sale: €19.99, was €25.00\n" in rendered.text
    assert "* Black Lotus\n  Back in stock: ¥199,900\n" in rendered.text


@pytest.mark.parametrize(
    ("locale", "greeting", "price"),
    [
        ("en-US", "Hello", "€19.99"),
        ("de", "Hallo", "19,99\u00a0€"),
        ("de-AT", "Hallo", "€\u00a019,99"),
        ("de_CH", "Hallo", "EUR\u00a019.99"),
        ("de-XX", "Hallo", "19,99\u00a0€"),
        ("DE", "Hallo", "19,99\u00a0€"),
        ("fr-CA", "Hello", "€19.99"),
        ("../en", "Hello", "€19.99"),
        ("", "Hello", "€19.99"),
    ],
)
def test_a_locale_falls_back_to_its_language_and_then_to_english(
    locale: str, greeting: str, price: str
) -> None:
    """The numbers are written as the words are: no French ones in an English mail."""
    rendered = render([SALE], locale)
    assert rendered.text.startswith(greeting)
    assert price in rendered.text.replace("\u202f", "\u00a0")


@pytest.mark.parametrize(
    ("minor_units", "currency", "expected"),
    [
        (1999, "USD", "$19.99"),
        (1999, "JPY", "¥1,999"),
        (1999, "BHD", "BHD\u00a01.999"),
        (199_900, "RSD", "RSD\u00a01,999"),
        (5, "EUR", "€0.05"),
        (0, "EUR", "€0.00"),
        (2**53 + 1, "EUR", "€90,071,992,547,409.93"),
        (1999, "XTS", "XTS\u00a019.99"),
    ],
)
def test_money_has_its_currency_s_own_minor_units(minor_units: int, currency: str, expected: str) -> None:
    """A yen has none, a dinar of Bahrain a thousand, and one of Serbia a hundred that nobody prints."""
    assert expected == price_in_words(minor_units, currency, Locale.parse("en_US"))


@pytest.mark.parametrize("kind", KINDS)
def test_no_value_becomes_markup_or_a_template(kind: str) -> None:
    """The page has the same tags, attributes and comments, and the reader sees what the name is."""

    def page(value: str) -> Outline:
        link = "https://shop.example/?q=" + re.sub(r'[<> "]', "", value)
        alerts = [MailItem(each.kind, value, link, 1, "EUR", image_url=link) for each in KINDS[kind]]
        templates = Templates(value)
        return Outline(render_alerts(templates, alerts, Recipient("en", value), unsubscribe_url=LINK).html)

    nasty, harmless = page(NASTY), page("harmless")
    assert harmless.tags == nasty.tags
    assert "script" not in {tag for tag, _ in nasty.tags}
    assert NASTY in nasty.words
    assert "49" not in nasty.words


def test_a_line_break_in_a_name_makes_no_header_and_no_line() -> None:
    """A name is one line, wherever it stands."""
    broken = MailItem(NotificationKind.STOCK, "A\r\nBcc: x@example.org", "https://shop.example/", 1, "EUR")
    rendered = render([broken])
    assert "A Bcc: x@example.org is back in stock" == rendered.subject
    assert "\nBcc" not in rendered.text


def test_a_name_steers_nobody_s_terminal() -> None:
    """Colours, titles and letters that turn the line around are left out; what an alphabet needs stays."""
    steering = MailItem(
        NotificationKind.STOCK, "A\x1b[31m\x9b2J\u202eB \u200fא", "https://shop.example/", 1, "EUR"
    )
    rendered = render([steering], name="Ann\x1b]0;x\x07")
    assert "A[31m2JB \u200fא is back in stock" == rendered.subject
    assert not {*"\x1b\x9b\x07\u202e"} & {*rendered.subject, *rendered.text, *rendered.html}


@pytest.mark.parametrize(
    "link",
    ["javascript:alert(1)", "data:text/html,x", "//shop.example", "ftp://x/", "https://a b", "https:/x", ""],
)
def test_only_links_to_web_pages_stand_in_a_mail(link: str) -> None:
    """The others are refused, wherever they would stand."""
    with pytest.raises(MailUnsendable, match="not a link"):
        MailItem(NotificationKind.SALE, "A", link, 1, "EUR")
    with pytest.raises(MailUnsendable, match="not a link"):
        MailItem(NotificationKind.SALE, "A", "https://shop.example/", 1, "EUR", image_url=link)
    with pytest.raises(MailUnsendable, match="not a link"):
        render_alerts(TEMPLATES, [SALE], Recipient("en"), unsubscribe_url=link)


def test_nothing_is_loaded_from_a_third_party() -> None:
    """No font, no script, no pixel: a reader tells nobody that he reads."""
    links = Outline(render([SALE]).html).links
    assert {SALE.product_url, SALE.image_url, LINK} == links
    assert "@import" not in render([SALE]).html


@pytest.mark.parametrize(
    ("locale", "subject", "more"),
    [
        ("en", "News of 1,212 things from your wishlist", "and 1,200 more."),
        ("de", "Neues zu 1.212 Dingen von deinem Merkzettel", "und 1.200 weitere."),
    ],
)
def test_a_digest_shows_the_first_products_and_counts_the_others(
    locale: str, subject: str, more: str
) -> None:
    """Gmail cuts a mail off at 102 kB, and with it the link to unsubscribe."""
    rendered = render([SALE, STOCK] * 606, locale)
    assert subject == rendered.subject
    assert rendered.text.count("\n* ") == 12
    assert rendered.html.count(f'href="{STOCK.product_url}"') == 6
    assert f"\n{more}\n" in rendered.text
    assert more in rendered.html
    assert len(rendered.html.encode()) < 102_000


def test_a_digest_that_shows_all_counts_no_others() -> None:
    """Twelve products, and nothing is said of more."""
    rendered = render([SALE, STOCK] * 6)
    assert rendered.text.count("\n* ") == 12
    assert "more" not in rendered.text
    assert "more." not in Outline(rendered.html).words
