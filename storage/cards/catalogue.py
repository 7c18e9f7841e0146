"""The vendor's games, sets, cards and variants, and the history of prices."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from mainspring.domain.cards import Card, CardSet, Variant
from mainspring.storage.dialect import chunks, upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables import CardRow, CardSetRow, GameRow, PriceRow, VariantRow

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
        # Writing the cards first holds them until the end: another writer of them finds what this one leaves.
        await upsert(self._session, CardRow, list(rows.values()))
        changed = await self._changed_prices(variants, now)
        await upsert(self._session, VariantRow, list(variants.values()))
        await upsert(self._session, PriceRow, changed)
        return len(changed)

    async def _changed_prices(
        self, variants: Mapping[str, dict[str, Any]], now: datetime
    ) -> list[dict[str, Any]]:
        known: dict[str, int | None] = {}
        for chunk in chunks(sorted(variants)):
            query = select(VariantRow.uuid, VariantRow.price_cents).where(VariantRow.uuid.in_(chunk))
            # SQLite leaves out FOR UPDATE: there the transaction has held the one write lock from its start.
            locked = query.order_by(VariantRow.uuid).with_for_update()
            known |= {row.uuid: row.price_cents for row in await self._session.execute(locked)}
        changed = [row for uuid, row in variants.items() if known.get(uuid) != row["price_cents"]]
        latest = await self._latest_changes([row["uuid"] for row in changed])
        return [
            {
                "variant_uuid": row["uuid"],
                "at": _holds_from(row["priced_at"], latest.get(row["uuid"]), now),
                "price_cents": row["price_cents"],
            }
            for row in changed
        ]

    async def _latest_changes(self, uuids: Sequence[str]) -> dict[str, datetime]:
        latest: dict[str, datetime] = {}
        for chunk in chunks(uuids):
            query = (
                select(PriceRow.variant_uuid, func.max(PriceRow.at).label("at"))
                .where(PriceRow.variant_uuid.in_(chunk))
                .group_by(PriceRow.variant_uuid)
            )
            latest |= {row.variant_uuid: row.at for row in await self._session.execute(query)}
        return latest


def _holds_from(priced_at: datetime | None, latest: datetime | None, now: datetime) -> datetime:
    """Return from when on a price holds: one that the vendor corrects under an old date holds from now on."""
    if priced_at is None or (latest is not None and priced_at <= latest):
        return now
    return priced_at


def _variant_row(card: Card, variant: Variant, now: datetime) -> dict[str, Any]:
    row = {field.name: getattr(variant, field.name) for field in fields(Variant)}
    return row | {
        "statistics": dict(variant.statistics),
        "card_uuid": card.uuid,
        "updated_at": now,
    }


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}
