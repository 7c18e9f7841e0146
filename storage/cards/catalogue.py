"""The vendor's games, sets, cards and variants, each variant with its present price."""

from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from mainspring.domain.cards import Card, CardSet, Variant
from mainspring.storage.cards.prices import PriceRepository
from mainspring.storage.dialect import upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables import CardRow, CardSetRow, GameRow, VariantRow

CARD_COLUMNS = tuple(field.name for field in fields(Card) if field.name != "variants")


class CatalogueRepository(Repository):
    """What the vendor knows, as last seen, inside the caller's transaction."""

    async def store_sets(self, sets: Sequence[CardSet], *, now: datetime) -> None:
        """Insert or overwrite sets, and the games they belong to."""
        games = {item.game_id: {"id": item.game_id, "name": item.game_name} for item in sets}
        await upsert(self._session, GameRow, list(games.values()))
        rows = {item.id: _without(asdict(item), "game_name") | {"updated_at": now} for item in sets}
        await upsert(self._session, CardSetRow, list(rows.values()))

    async def store_cards(self, cards: Sequence[Card], *, now: datetime) -> int:
        """Insert or overwrite cards and variants, append changed prices; return how many prices changed."""
        rows = {
            card.uuid: {name: getattr(card, name) for name in CARD_COLUMNS} | {"updated_at": now}
            for card in cards
        }
        variants = {
            variant.uuid: _variant_row(card, variant, now) for card in cards for variant in card.variants
        }
        prices = PriceRepository(self._session)
        # Writing the cards first holds them until the end: another writer of them finds what this one leaves.
        await upsert(self._session, CardRow, list(rows.values()))
        changed = await prices.changed(variants, now=now)
        await upsert(self._session, VariantRow, list(variants.values()))
        await prices.store(changed)
        return len(changed)


def _variant_row(card: Card, variant: Variant, now: datetime) -> dict[str, Any]:
    row = {field.name: getattr(variant, field.name) for field in fields(Variant)}
    return row | {
        "statistics": dict(variant.statistics),
        "card_uuid": card.uuid,
        "updated_at": now,
    }


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}
