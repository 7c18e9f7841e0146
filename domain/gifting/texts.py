"""The text of a product that models read, and its hash: what has the same text is not read again."""

import hashlib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class ProductText:
    """What is told of a product, and what an enrichment has added to it, none of it needed but the title."""

    title: str
    descriptions: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    brand: str = ""
    added_description: str = ""
    added_tags: tuple[str, ...] = ()


def canonical_text(product: ProductText) -> str:
    """Return the text that is enriched and embedded. White space, and the order of tags, change nothing."""
    tags = _tags(product.tags)
    lines = [
        product.title,
        *product.descriptions,
        f"Tags: {tags}" if tags else "",
        f"Brand: {product.brand}" if _tidy(product.brand) else "",
        product.added_description,
        # What the source has said already is not said again.
        _tags(set(_split(product.added_tags)) - set(_split(product.tags))),
    ]
    tidied = dict.fromkeys(tidy for line in lines if (tidy := _tidy(line)))
    return "\n".join(tidied)


def text_hash(text: str) -> str:
    """Return the hash by which a text is known: 64 hexadecimal digits."""
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()


def _tags(tags: Iterable[str]) -> str:
    return ", ".join(sorted(set(_split(tags))))


def _split(tags: Iterable[str]) -> Iterable[str]:
    return (tidy.casefold() for tag in tags if (tidy := _tidy(tag)))


def _tidy(text: str) -> str:
    return " ".join(unicodedata.normalize("NFC", text).split())
