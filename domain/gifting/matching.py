"""Words that mean the same in tags and in answers, and the reason why a product is recommended."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from mainspring.contracts.gifting.profiles import Facets

# Endings that a hiker, hikes and hiking differ by; nothing shorter than three letters is left.
_ENDINGS = re.compile(r"(?<=\w{3})(?:ing|ers|er|ies|es|s|e|y)$")

# Words of answers about who gets a gift that no product is tagged with.
_NO_TASTE = frozenset(
    (
        "a", "an", "and", "any", "aunt", "best", "boyfriend", "brother", "child", "cousin", "dad", "daughter",
        "dear", "father", "for", "friend", "girlfriend", "grandfather", "grandma", "grandmother", "grandpa",
        "her", "his", "husband", "kid", "likes", "loves", "man", "mom", "mother", "mum", "my", "niece",
        "nephew", "old", "our", "partner", "person", "sister", "somebody", "someone", "son", "the", "their",
        "uncle", "who", "wife", "with", "woman", "year", "years",
    )
)  # fmt: skip

MOST_NAMED = 3


@dataclass(frozen=True)
class ProductWords:
    """What is said of a product, for comparison with what a profile says."""

    gift_tags: tuple[str, ...] = ()
    style_tags: tuple[str, ...] = ()
    occasions: tuple[str, ...] = ()
    text: str = ""
    price_cents: int | None = None


def stems(text: str) -> frozenset[str]:
    """Return the words of a text without their endings."""
    return frozenset(_ENDINGS.sub("", word) for word in re.findall(r"\w+", text.casefold()))


def is_same(one: str, other: str) -> bool:
    """Whether a tag and a word mean the same: all words of one of them are in the other."""
    words, others = stems(one), stems(other)
    return bool(words and others) and (words <= others or others <= words)


def matching(wanted: Iterable[str], tags: Sequence[str]) -> tuple[str, ...]:
    """Return what is wanted and among the tags."""
    return tuple(each for each in wanted if any(is_same(each, tag) for tag in tags))


def is_disliked(facets: Facets, product: ProductWords) -> bool:
    """Whether a product has a tag that the profile says to avoid, or such a word in its text."""
    tags = (*product.gift_tags, *product.style_tags)
    words = stems(product.text)
    return any(
        any(stems(each) <= stems(tag) for tag in tags) or stems(each) <= words
        for each in facets.dislikes
        if stems(each)
    )


def reason(facets: Facets, product: ProductWords) -> str:
    """Return in words what of a profile matches a product."""
    wanted = (*facets.interests, *_tastes(facets.recipient), *facets.other.values())
    tagged = matching(wanted, product.gift_tags)
    words = stems(product.text)
    mentioned = tuple(each for each in wanted if each not in tagged and stems(each) and stems(each) <= words)
    parts = [
        _part("matches {}", tagged),
        _part("its description says {}", mentioned),
        _part("in the style {}", matching(facets.styles, (*product.style_tags, *product.gift_tags))),
        _part("fits {}", matching(facets.occasions, product.occasions)),
    ]
    named = [each for each in parts if each]
    if not named:
        about = _named(facets.interests or _tastes(facets.recipient) or facets.styles)
        named = [f"close to {about}" if about else "close to what the profile says"]
    if _is_within_budget(facets, product.price_cents):
        named.append("within the budget")
    return "; ".join(named)


def _tastes(recipient: str | None) -> tuple[str, ...]:
    """Return who gets the gift, without words that say nothing of taste: "hiker" of "my dear hiker"."""
    words = [word for word in re.findall(r"\w+", (recipient or "").casefold()) if word not in _NO_TASTE]
    return (" ".join(words),) if words else ()


def _is_within_budget(facets: Facets, price_cents: int | None) -> bool:
    if price_cents is None or (facets.min_price_cents is None and facets.max_price_cents is None):
        return False
    is_enough = facets.min_price_cents is None or price_cents >= facets.min_price_cents
    return is_enough and (facets.max_price_cents is None or price_cents <= facets.max_price_cents)


def _part(words: str, found: Sequence[str]) -> str:
    return words.format(_named(found)) if found else ""


def _named(found: Sequence[str]) -> str:
    named = list(dict.fromkeys(found))[:MOST_NAMED]
    return " and ".join(filter(None, (", ".join(named[:-1]), *named[-1:])))
