"""Which language and which way of writing numbers somebody gets."""

import re
from collections.abc import Collection

from babel import Locale, UnknownLocaleError

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
    """Return the folder among those that are `there`, and the locale in which its numbers are written.

    `de-AT` gets `de-AT`, `de` or `en`. Austrian numbers go with German words, not with English ones.
    """
    locale = known_locale(wanted)
    for folder in (f"{locale.language}-{locale.territory}", locale.language):
        if folder in available:
            return folder, locale
    return DEFAULT, Locale.parse(DEFAULT)
