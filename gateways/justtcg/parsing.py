"""From the service's JSON to records: plain dictionary access, for a page can hold thousands of variants.

A card or variant that cannot be read is skipped and counted in `Skipped`; it never sinks its page.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from mainspring.domain.cards import Card, CardSet, JsonScalar, Variant
from mainspring.domain.cards.quota import Usage
from mainspring.gateways.justtcg.answers import Game
from mainspring.gateways.justtcg.fields import cents, count, day, is_endless, moment, required, text

Raw = Mapping[str, Any]
T = TypeVar("T")

# What a record that is not as documented raises; ArithmeticError is Decimal's.
UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, ArithmeticError)

# The fields of a variant that have a place of their own; the other scalars are its statistics.
NAMED = frozenset(
    ("id", "uuid", "condition", "printing", "language", "tcgplayerSkuId", "price", "lastUpdated")
)


SCALARS = (str, int, float)


@dataclass(slots=True)
class Skipped:
    """What could not be read: how many records, and the ids of the variants among or within them."""

    count: int = 0
    variant_ids: set[str] = field(default_factory=set)


def parse_usage(body: Raw) -> Usage | None:
    """Return what `_metadata` says; None when it is absent or incomplete."""
    try:
        metadata = body["_metadata"]
        return Usage(
            plan=required(metadata, "apiPlan", 100),
            minute_limit=_told(metadata["apiRateLimit"]),
            day_limit=_told(metadata["apiDailyLimit"]),
            month_limit=_told(metadata["apiRequestLimit"]),
            day_used=_told(metadata["apiDailyRequestsUsed"]),
            month_used=_told(metadata["apiRequestsUsed"]),
        )
    except UNREADABLE:
        return None


def _told(value: object) -> int:
    if value is None or value == "":
        raise ValueError("no count")
    return count(value)


def parse_games(entries: Iterable[Any], skipped: Skipped) -> tuple[Game, ...]:
    """Return the games that can be read."""
    return tuple(_readable(_game, entries, skipped))


def parse_sets(entries: Iterable[Any], skipped: Skipped) -> tuple[CardSet, ...]:
    """Return the sets that can be read, each id once."""
    return tuple({card_set.id: card_set for card_set in _readable(_set, entries, skipped)}.values())


def parse_cards(entries: Iterable[Any], skipped: Skipped) -> tuple[Card, ...]:
    """Return the cards that can be read, each uuid once, its variants together."""
    cards: dict[str, Card] = {}
    for raw in entries:
        try:
            card = _card(raw, skipped)
        except UNREADABLE:
            skipped.count += 1
            skipped.variant_ids.update(_variant_ids(raw))
            continue
        known = cards.get(card.uuid)
        cards[card.uuid] = card if known is None else _united(known, card)
    return tuple(cards.values())


def _readable(parse: Callable[[Raw], T], entries: Iterable[Any], skipped: Skipped) -> Iterable[T]:
    for raw in entries:
        try:
            yield parse(raw)
        except UNREADABLE:
            skipped.count += 1


def _game(raw: Raw) -> Game:
    return Game(
        id=required(raw, "id", 200),
        name=required(raw, "name"),
        cards_count=count(raw.get("cards_count")),
        sets_count=count(raw.get("sets_count")),
    )


def _set(raw: Raw) -> CardSet:
    game_id = required(raw, "game_id", 200)
    return CardSet(
        id=required(raw, "id", 200),
        name=required(raw, "name"),
        game_id=game_id,
        game_name=text(raw.get("game")) or game_id,
        cards_count=count(raw.get("cards_count") or raw.get("count")),
        variants_count=count(raw.get("variants_count")),
        sealed_count=count(raw.get("sealed_count")),
        release_date=day(raw.get("release_date")),
        value_cents=cents(raw.get("set_value_usd")),
    )


def _card(raw: Raw, skipped: Skipped) -> Card:
    set_id = required(raw, "set", 200)
    return Card(
        uuid=required(raw, "uuid", 100),
        id=required(raw, "id", 500),
        name=required(raw, "name"),
        game_name=text(raw.get("game")) or "",
        set_id=set_id,
        set_name=text(raw.get("set_name")) or set_id,
        number=text(raw.get("number"), 100),
        rarity=text(raw.get("rarity"), 100),
        tcgplayer_id=text(raw.get("tcgplayerId"), 100),
        mtgjson_id=text(raw.get("mtgjsonId"), 100),
        scryfall_id=text(raw.get("scryfallId"), 100),
        details=text(raw.get("details")),
        variants=_variants(raw.get("variants") or (), skipped),
    )


def _variants(entries: Iterable[Any], skipped: Skipped) -> tuple[Variant, ...]:
    found: list[Variant] = []
    for raw in entries:
        try:
            found.append(_variant(raw))
        except UNREADABLE:
            skipped.count += 1
            skipped.variant_ids.update(_ids(raw))
    return _freshest(found)


def _variant(raw: Mapping[str, Any]) -> Variant:
    statistics: dict[str, JsonScalar] = {
        name: value
        for name, value in raw.items()
        if name not in NAMED and isinstance(value, SCALARS) and not is_endless(value)
    }
    return Variant(
        uuid=required(raw, "uuid", 100),
        id=required(raw, "id", 500),
        condition=required(raw, "condition", 100),
        printing=required(raw, "printing", 100),
        language=text(raw.get("language"), 50),
        tcgplayer_sku_id=text(raw.get("tcgplayerSkuId"), 100),
        price_cents=cents(raw.get("price")),
        priced_at=moment(raw.get("lastUpdated")),
        statistics=statistics,
    )


def _united(known: Card, repeated: Card) -> Card:
    return replace(known, variants=_freshest((*known.variants, *repeated.variants)))


def _freshest(variants: Iterable[Variant]) -> tuple[Variant, ...]:
    """Keep each uuid once: of a variant that came twice the latest price, or the first if none is dated."""
    kept: dict[str, Variant] = {}
    for variant in variants:
        known = kept.get(variant.uuid)
        if known is None or _is_later(variant.priced_at, known.priced_at):
            kept[variant.uuid] = variant
    return tuple(kept.values())


def _is_later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one > other)


def _variant_ids(raw: object) -> Iterable[str]:
    variants = raw.get("variants") if isinstance(raw, dict) else None
    for variant in variants if isinstance(variants, list) else ():
        yield from _ids(variant)


def _ids(raw: object) -> Iterable[str]:
    return (
        [raw[name] for name in ("id", "uuid") if isinstance(raw.get(name), str)]
        if isinstance(raw, dict)
        else ()
    )
