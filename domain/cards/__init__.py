"""Trading cards: the records that the price service gives, and the rules of what is due."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

# The thresholds of the system this one replaces: sets and cards weekly, prices daily.
DISCOVERY_EVERY = timedelta(days=7)
SYNC_EVERY = timedelta(days=7)
PRICES_EVERY = timedelta(hours=24)

# What the vendor refuses costs a request each time: of the free plan's hundred a day, one.
REFUSED_EVERY = timedelta(days=1)

# Offsets into a listing are kept while a quota is waited for, which takes a month at most.
LISTING_STALE_AFTER = timedelta(days=31)

JsonScalar = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class CardSet:
    """A set of one game; `id` is the vendor's slug. Money in US cents."""

    id: str
    name: str
    game_id: str
    game_name: str
    cards_count: int
    variants_count: int = 0
    sealed_count: int = 0
    release_date: date | None = None
    value_cents: int | None = None


@dataclass(frozen=True, slots=True)
class Variant:
    """One condition, printing and language of a card. Money in US cents.

    `uuid` is stable, `id` is a slug that the vendor may change. `statistics` holds the vendor's other
    figures under the vendor's names, in the vendor's units (dollars, percent, counts).
    """

    uuid: str
    id: str
    condition: str
    printing: str
    language: str | None
    tcgplayer_sku_id: str | None
    price_cents: int | None
    priced_at: datetime | None
    statistics: Mapping[str, JsonScalar]


@dataclass(frozen=True, slots=True)
class Card:
    """A card with its variants; `uuid` is stable, `id` is a slug that the vendor may change."""

    uuid: str
    id: str
    name: str
    game_name: str
    set_id: str
    set_name: str
    number: str | None
    rarity: str | None
    tcgplayer_id: str | None
    mtgjson_id: str | None
    scryfall_id: str | None
    details: str | None
    variants: tuple[Variant, ...]


@dataclass(frozen=True, slots=True)
class Account:
    """A customer who tracks cards. `anchor_day` (1-31) is the day of the month on which its quota renews."""

    id: UUID
    workspace: str
    name: str
    plan: str
    anchor_day: int
    has_own_key: bool
    is_active: bool


@dataclass(frozen=True, slots=True)
class InventoryLine:
    """How many of one variant an account holds under one reference of its own."""

    reference: str
    variant_id: str
    quantity: int
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Since:
    """When a listing is due: neither stored whole since `fetched` nor refused since `refused`."""

    fetched: datetime
    refused: datetime

    @classmethod
    def cutoff(cls, cutoff: datetime, now: datetime) -> "Since":
        """Return the rule for what was not stored since `cutoff`; what was refused may be due sooner."""
        return cls(cutoff, max(cutoff, now - REFUSED_EVERY))


@dataclass(frozen=True, slots=True)
class ListingCursor:
    """How far a listing of many pages has been stored."""

    item_id: str
    next_offset: int
    started_at: datetime | None

    def resumed(self, now: datetime) -> "ListingCursor":
        """Return where to go on: a listing begun too long ago may have shifted, and starts anew."""
        if self.started_at is not None and now - self.started_at < LISTING_STALE_AFTER:
            return self
        return ListingCursor(self.item_id, 0, now)
