"""What accounts hold, and which of its prices are due."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, and_, func, or_, select, update

from mainspring.contracts.cards import PricedRow
from mainspring.domain.cards import InventoryLine
from mainspring.storage.dialect import chunks, upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables import InventoryItemRow, InventoryVariantRow, VariantRow


class InventoryRepository(Repository):
    """The inventories, inside the caller's transaction."""

    async def load(self, account_id: UUID, lines: Sequence[InventoryLine]) -> None:
        """Insert lines, or overwrite quantity and name of those with the same reference and variant."""
        items = {
            line.reference: {
                "id": uuid5(account_id, line.reference),
                "account_id": account_id,
                "reference": line.reference,
                "name": line.name,
            }
            for line in lines
        }
        variants = {
            (line.reference, line.variant_id): {
                "item_id": items[line.reference]["id"],
                "variant_id": line.variant_id,
                "account_id": account_id,
                "quantity": line.quantity,
            }
            for line in lines
        }
        await upsert(self._session, InventoryItemRow, list(items.values()))
        await upsert(self._session, InventoryVariantRow, list(variants.values()))

    async def find(
        self, account_id: UUID, *, after: tuple[str, str] = ("", ""), limit: int
    ) -> list[PricedRow]:
        """Return lines with their prices in the order of (reference, variant id), those after `after`."""
        item, held = InventoryItemRow, InventoryVariantRow
        reference, variant_id = after
        query = (
            select(item.reference, item.name, held)
            .join(held, held.item_id == item.id)
            .where(item.account_id == account_id, item.reference >= reference)
            .where(or_(item.reference > reference, held.variant_id > variant_id))
            .order_by(item.reference, held.variant_id)
            .limit(limit)
        )
        rows = (await self._session.execute(query)).all()
        prices = await self._prices([each[2].variant_id for each in rows])
        return [_priced(*row, prices.get(row[2].variant_id)) for row in rows]

    async def _prices(self, variant_ids: Collection[str]) -> dict[str, VariantRow]:
        """Return variants by their ids and by their uuids; of two with one id the one that came last."""
        found: dict[str, VariantRow] = {}
        for chunk in chunks(variant_ids):
            query = select(VariantRow).where(or_(VariantRow.id.in_(chunk), VariantRow.uuid.in_(chunk)))
            for row in await self._session.scalars(query.order_by(VariantRow.updated_at)):
                found |= {row.id: row, row.uuid: row}
        return found

    async def due(self, account_id: UUID, *, cutoff: datetime, after: str, limit: int) -> list[str]:
        """Return variant ids that come after `after` and were neither priced nor missed since `cutoff`."""
        query = (
            select(InventoryVariantRow.variant_id)
            .distinct()
            .where(_is_due(account_id, cutoff), InventoryVariantRow.variant_id > after)
            .order_by(InventoryVariantRow.variant_id)
            .limit(limit)
        )
        return list(await self._session.scalars(query))

    async def count_due(self, account_id: UUID, *, cutoff: datetime) -> int:
        """Return how many different variants `due` would give without a limit."""
        query = select(func.count(InventoryVariantRow.variant_id.distinct())).where(
            _is_due(account_id, cutoff)
        )
        return await self._session.scalar(query) or 0

    async def accounts_due(self, account_ids: Collection[UUID], *, cutoff: datetime) -> list[UUID]:
        """Return which of these accounts have anything due."""
        query = (
            select(InventoryVariantRow.account_id)
            .distinct()
            .where(InventoryVariantRow.account_id.in_(account_ids), _unpriced_since(cutoff))
            .order_by(InventoryVariantRow.account_id)
        )
        return list(await self._session.scalars(query))

    async def mark_priced(self, account_id: UUID, variant_ids: Collection[str], *, now: datetime) -> None:
        """Note that the vendor answered for these."""
        await self._set(account_id, variant_ids, last_price_update_at=now, missing_at=None)

    async def mark_missing(self, account_id: UUID, variant_ids: Collection[str], *, now: datetime) -> None:
        """Note that the vendor did not know these."""
        await self._set(account_id, variant_ids, missing_at=now)

    async def _set(self, account_id: UUID, variant_ids: Collection[str], **values: datetime | None) -> None:
        for chunk in chunks(list(variant_ids)):
            await self._session.execute(
                update(InventoryVariantRow)
                .where(
                    InventoryVariantRow.account_id == account_id,
                    InventoryVariantRow.variant_id.in_(chunk),
                )
                .values(values)
            )


def _is_due(account_id: UUID, cutoff: datetime) -> ColumnElement[bool]:
    return and_(InventoryVariantRow.account_id == account_id, _unpriced_since(cutoff))


def _unpriced_since(cutoff: datetime) -> ColumnElement[bool]:
    priced, missing = InventoryVariantRow.last_price_update_at, InventoryVariantRow.missing_at
    return and_(or_(priced.is_(None), priced < cutoff), or_(missing.is_(None), missing < cutoff))


def _priced(
    reference: str, name: str | None, held: InventoryVariantRow, variant: VariantRow | None
) -> PricedRow:
    return PricedRow.model_construct(
        reference=reference,
        name=name,
        variant_id=held.variant_id,
        quantity=held.quantity,
        price_cents=None if variant is None else variant.price_cents,
        priced_at=None if variant is None else variant.priced_at,
        last_price_update_at=held.last_price_update_at,
        missing_at=held.missing_at,
    )
