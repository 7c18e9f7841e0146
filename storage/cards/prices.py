"""The history of prices: a row for each change of a variant's price."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from mainspring.storage.dialect import chunks, upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables import PriceRow, VariantRow


class PriceRepository(Repository):
    """The prices of variants as they changed, inside the caller's transaction."""

    async def changed(self, variants: Mapping[str, dict[str, Any]], *, now: datetime) -> list[dict[str, Any]]:
        """Return the rows of the prices that differ from the stored ones, and hold these variants."""
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

    async def store(self, changed: Sequence[dict[str, Any]]) -> None:
        """Append changed prices; their variants are stored before."""
        await upsert(self._session, PriceRow, changed)


def _holds_from(priced_at: datetime | None, latest: datetime | None, now: datetime) -> datetime:
    """Return from when on a price holds: one that the vendor corrects under an old date holds from now on."""
    if priced_at is None or (latest is not None and priced_at <= latest):
        return now
    return priced_at
