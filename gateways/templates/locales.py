"""What differs from one language of mails to another: the words, and how money is written."""

import re
from collections.abc import Collection
from decimal import Decimal

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency

DEFAULT = "en"


def known_locale(wanted: str) -> Locale:
    """Return the locale, or as much of it as is known: `de-XX` is German. English otherwise."""
    parts = re.split("[-_]", wanted)
    for length in range(len(parts), 0, -1):
        try:
            return Locale.parse("_".join(parts[:length]))
        except (ValueError, UnknownLocaleError):
            continue
    return Locale.parse(DEFAULT)


def choose(wanted: str, available: Collection[str]) -> tuple[str, Locale]:
    """Return one of the `available` folders, and the locale in which its numbers are written.

    `de-AT` gets `de-AT`, `de` or `en`. Austrian numbers go with German words, not with English ones.
    """
    locale = known_locale(wanted)
    for folder in (f"{locale.language}-{locale.territory}", locale.language):
        if folder in available:
            return folder, locale
    return DEFAULT, Locale.parse(DEFAULT)


# ISO 4217's minor units where they are not hundredths, read in November 2026. Babel's own table (CLDR) says
# how many digits are usually shown, which is another thing: dinars of Serbia have paras that nobody prints.
MINOR_DIGITS = {
    **dict.fromkeys(
        "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(),  # noqa: SIM905
        0,
    ),
    **dict.fromkeys(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"], 3),
    **dict.fromkeys(["CLF", "UYW"], 4),
}
USUAL_MINOR_DIGITS = 2

# CLDR has a space between letters and a number, `CHF 19.99`; Babel leaves it out.
NO_SPACE = re.compile(r"(?<=[^\W\d_])(?=\d)|(?<=\d)(?=[^\W\d_])")


def price_in_words(minor_units: int, currency: str, locale: Locale) -> str:
    """Return a price as the locale writes it: 1999 EUR is `€19.99` or `19,99 €`, and 1999 JPY `¥1,999`."""
    amount = Decimal(minor_units).scaleb(-MINOR_DIGITS.get(currency, USUAL_MINOR_DIGITS))
    return NO_SPACE.sub("\u00a0", format_currency(amount, currency, locale=locale))
