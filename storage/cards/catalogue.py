"""The vendor's games, sets, cards and variants, and the history of prices."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.cards import Card, CardSet, Variant
from storage.tables import CardRow, CardSetRow, GameRow, PriceRow, VariantRow
from storage.upsert import chunks, upsert

CARD_COLUMNS = tuple(field.name for field in fields(Card) if field.name != "variants")


class CatalogueRepository:
    """What the vendor knows, as last seen, inside the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

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
        changed = await self._changed_prices(variants.values(), now)
        await upsert(self._session, CardRow, list(rows.values()))
        await upsert(self._session, VariantRow, list(variants.values()))
        await upsert(self._session, PriceRow, changed)
        return len(changed)

    async def _changed_prices(
        self, variants: Iterable[dict[str, Any]], now: datetime
    ) -> list[dict[str, Any]]:
        prices = {row["uuid"]: row for row in variants}
        known: dict[str, int | None] = {}
        for chunk in chunks(list(prices)):
            query = select(VariantRow.uuid, VariantRow.price_cents).where(VariantRow.uuid.in_(chunk))
            known |= {row.uuid: row.price_cents for row in await self._session.execute(query)}
        return [
            {"variant_uuid": uuid, "at": row["priced_at"] or now, "price_cents": row["price_cents"]}
            for uuid, row in prices.items()
            if known.get(uuid) != row["price_cents"]
        ]


def _variant_row(card: Card, variant: Variant, now: datetime) -> dict[str, Any]:
    row = {field.name: getattr(variant, field.name) for field in fields(Variant)}
    return row | {
        "statistics": dict(variant.statistics),
        "card_uuid": card.uuid,
        "updated_at": now,
    }


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}
