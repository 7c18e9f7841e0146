"""How the vendor writes a game, a set, a card and a variant: its field names, prices in decimal dollars."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from mainspring.emulators.justtcg.catalogue import (
    GAME_ID,
    GAME_NAME,
    Catalogue,
    ListedCard,
    ListedSet,
    ListedVariant,
)
from mainspring.emulators.justtcg.prices import Prices

Json = dict[str, Any]

# The figures that are told beside a price do not reach further back than this here.
HISTORY_DAYS = 7


class Wire:
    """Writes records at the present prices; `moved` holds when each step of the prices began."""

    def __init__(self, prices: Prices, moved: list[datetime]) -> None:
        self._prices = prices
        self._moved = moved

    def game(self, catalogue: Catalogue) -> Json:
        """Write the one game."""
        return {
            "id": GAME_ID,
            "name": GAME_NAME,
            "cards_count": sum(len(each.cards) for each in catalogue.sets.values()),
            "sets_count": len(catalogue.sets),
            "last_updated": str(int(self._moved[-1].timestamp())),
        }

    def set(self, listed: ListedSet) -> Json:
        """Write a set with its counts and its worth."""
        return {
            "id": listed.id,
            "name": listed.name,
            "game_id": GAME_ID,
            "game": GAME_NAME,
            "count": len(listed.cards),
            "cards_count": len(listed.cards),
            "variants_count": sum(len(card.variants) for card in listed.cards),
            "sealed_count": 0,
            "release_date": listed.release_date,
            "set_value_usd": self._prices.set_value_cents(listed) / 100,
        }

    def card(self, card: ListedCard, variants: Iterable[ListedVariant], *, with_history: bool) -> Json:
        """Write a card with some of its variants."""
        return {
            "id": card.id,
            "uuid": card.uuid,
            "name": card.name,
            "game": GAME_NAME,
            "set": card.set_id,
            "set_name": card.set_name,
            "number": card.number,
            "rarity": card.rarity,
            "tcgplayerId": card.tcgplayer_id,
            "mtgjsonId": None,
            "scryfallId": None,
            "details": card.details,
            "variants": [self.variant(variant, with_history=with_history) for variant in variants],
        }

    def variant(self, variant: ListedVariant, *, with_history: bool) -> Json:
        """Write a variant with its price, when that was set, and the vendor's figures."""
        cents = self._prices.cents_of(variant)
        moved = self._moved[self._prices.moved_at(variant)]
        written: Json = {
            "id": variant.id,
            "uuid": variant.uuid,
            "condition": variant.condition,
            "printing": variant.printing,
            "language": "English",
            "tcgplayerSkuId": variant.sku,
            "price": None if cents is None else cents / 100,
            "lastUpdated": int(moved.timestamp()),
            **self._prices.statistics(variant),
        }
        if with_history and cents is not None:
            written["priceHistory"] = [
                {"p": cents / 100, "t": int((moved - timedelta(days=days)).timestamp())}
                for days in range(HISTORY_DAYS)
            ]
        return written
