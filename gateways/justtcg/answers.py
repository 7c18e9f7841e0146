"""What the price service answers: one frozen value for each call."""

from collections.abc import Mapping
from dataclasses import dataclass

from mainspring.domain.cards import Card, CardSet, Variant
from mainspring.domain.cards.quota import Usage


@dataclass(frozen=True, slots=True)
class Game:
    """A game that the service knows; `id` is the vendor's slug."""

    id: str
    name: str
    cards_count: int
    sets_count: int


@dataclass(frozen=True, slots=True)
class Games:
    """All games. `malformed` counts entries that could not be read; `usage` is None when not told."""

    games: tuple[Game, ...]
    malformed: int
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class SetsPage:
    """One page of a game's sets.

    The next page starts at `next_offset`, which counts malformed entries too; `total` is None when not told.
    """

    sets: tuple[CardSet, ...]
    next_offset: int
    has_more: bool
    total: int | None
    malformed: int
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class CardsPage:
    """One page of a set's cards, each card and each variant once, by uuid.

    The next page starts at `next_offset`, which counts malformed entries too; `total` is None when not told.
    `malformed` counts cards and variants that could not be read.
    """

    cards: tuple[Card, ...]
    next_offset: int
    has_more: bool
    total: int | None
    malformed: int
    usage: Usage | None


@dataclass(frozen=True, slots=True)
class Lookup:
    """The variants that were asked for, by the id they were asked by.

    `missing` did not come back at all; `unreadable` came back malformed, so nothing is known of them.
    `cards` holds everything that came back, each card and variant once, by uuid.
    """

    variants: Mapping[str, Variant]
    missing: tuple[str, ...]
    unreadable: tuple[str, ...]
    cards: tuple[Card, ...]
    malformed: int
    usage: Usage | None
