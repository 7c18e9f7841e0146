"""Which themes a surface shows on a day, and which products are in each collection."""

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mainspring.contracts.gifting.collections import DraftCollection, Surface, ThemeKind
from mainspring.domain.gifting.similarity import Vector, mmr, nearest_of, unit

# Nearness to the theme against variety within it, and candidates for each place.
NEARNESS = 0.6
CANDIDATES_A_PLACE = 5

# So many products of a theme are compared: of more, others on another day.
MOST_COMPARED = 1_000

# What each surface is about, and what fills it where there is too little of that.
KINDS = {
    Surface.HOME: (ThemeKind.INTEREST, ThemeKind.OCCASION, ThemeKind.STYLE),
    Surface.DISCOVERY: (ThemeKind.STYLE, ThemeKind.INTEREST, ThemeKind.OCCASION),
    Surface.OCCASION: (ThemeKind.OCCASION, ThemeKind.INTEREST, ThemeKind.STYLE),
}

PLAIN_TITLES = {
    ThemeKind.INTEREST: "Gifts for {}",
    ThemeKind.STYLE: "{} gifts",
    ThemeKind.OCCASION: "Gifts for {}",
}


@dataclass(frozen=True)
class Tagged:
    """A product with the tags by which it belongs to themes."""

    product_id: str
    gift_tags: tuple[str, ...]
    style_tags: tuple[str, ...]
    occasions: tuple[str, ...]

    def tags(self, kind: ThemeKind) -> tuple[str, ...]:
        """Return the tags of a kind."""
        found = {
            ThemeKind.INTEREST: self.gift_tags,
            ThemeKind.STYLE: self.style_tags,
            ThemeKind.OCCASION: self.occasions,
        }
        return found[kind]


@dataclass(frozen=True)
class Theme:
    """A tag, and the products that have it."""

    kind: ThemeKind
    word: str
    product_ids: tuple[str, ...]

    @property
    def plain_title(self) -> str:
        """A title that says the theme."""
        title = PLAIN_TITLES[self.kind].format(self.word)
        return title[:1].upper() + title[1:]


def themes(products: Sequence[Tagged], surface: Surface, day: dt.date) -> list[Theme]:
    """Return the themes of a surface, in the order in which they are tried on that day.

    Those of the surface's own kind are first. Within a kind the day shuffles them.
    """
    found = []
    for kind in KINDS[surface]:
        by_word: dict[str, list[str]] = {}
        for each in products:
            for word in dict.fromkeys(tag.strip().casefold() for tag in each.tags(kind)):
                by_word.setdefault(word, []).append(each.product_id)
        words = sorted(filter(None, by_word), key=lambda word: _shuffled(day, surface, kind, word))
        found += [Theme(kind, word, tuple(by_word[word])) for word in words]
    return found


def compared(theme: Theme, day: dt.date) -> list[str]:
    """Return the products of a theme that are compared on a day."""
    return sorted(theme.product_ids, key=lambda each: _shuffled(day, each))[:MOST_COMPARED]


class Curation:
    """Collections in the making: no product is in two of them.

    A theme that cannot fill a collection any more is passed over, unless `smallest` products are enough.
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._used: set[str] = set()
        self._words: set[str] = set()
        self.collections: list[DraftCollection] = []

    def may_take(self, theme: Theme, smallest: int) -> bool:
        """Whether enough products of a theme are left, and no collection has it."""
        left = sum(each not in self._used for each in theme.product_ids)
        return theme.word not in self._words and left >= smallest

    def take(self, theme: Theme, vectors: Mapping[str, Vector], smallest: int) -> bool:
        """Make a collection of a theme, by the vectors of its products; return whether there are enough."""
        left = {each: vector for each, vector in sorted(vectors.items()) if each not in self._used}
        if len(left) < smallest:
            return False
        candidates = nearest_of(_middle(list(left.values())), left, CANDIDATES_A_PLACE * self._size)
        chosen = tuple(each.subject for each in mmr(candidates, self._size, NEARNESS))
        self._used.update(chosen)
        self._words.add(theme.word)
        self.collections.append(
            DraftCollection(kind=theme.kind, theme=theme.word, title=theme.plain_title, product_ids=chosen)
        )
        return True


def smallest_sizes(size: int) -> Iterator[int]:
    """Give how many products are enough: all places first, then half of them."""
    yield size
    if size > 1:
        yield -(-size // 2)


def _middle(vectors: Sequence[Vector]) -> Vector:
    total = sum(vectors[1:], start=vectors[0])
    try:
        return unit(total)
    except ValueError:  # they point in all directions alike
        return vectors[0]


def _shuffled(*parts: object) -> str:
    return hashlib.sha256("\0".join(map(str, parts)).encode(errors="replace")).hexdigest()
