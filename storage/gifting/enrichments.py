"""Enrichments: what a model has said last of each product."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.gifting.enrichment import Enrichment
from mainspring.storage.dialect import chunks, upsert
from mainspring.storage.repository import Repository
from mainspring.storage.tables.gifting import EnrichmentRow


class EnrichmentRepository(Repository):
    """The enrichments of a workspace, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def store(self, enrichments: Sequence[Enrichment]) -> None:
        """Insert or overwrite enrichments."""
        rows: list[dict[str, Any]] = [
            each.model_dump(mode="json", exclude={"updated_at"})
            | {"workspace": self._workspace, "updated_at": each.updated_at}
            for each in enrichments
        ]
        if rows:
            await upsert(self._session, EnrichmentRow, rows)

    async def of_ids(self, product_ids: Collection[str]) -> dict[str, Enrichment]:
        """Return the enrichments of products, of those that have one."""
        found: dict[str, Enrichment] = {}
        for chunk in chunks(sorted(set(product_ids))):
            query = select(EnrichmentRow).where(
                EnrichmentRow.workspace == self._workspace, EnrichmentRow.product_id.in_(chunk)
            )
            rows = await self._session.scalars(query.execution_options(populate_existing=True))
            found |= {row.product_id: _enrichment(row) for row in rows}
        return found

    async def remove(self, product_ids: Collection[str]) -> None:
        """Remove the enrichments of products; those that have none are no matter."""
        for chunk in chunks(sorted(product_ids)):
            await self._session.execute(
                delete(EnrichmentRow).where(
                    EnrichmentRow.workspace == self._workspace, EnrichmentRow.product_id.in_(chunk)
                )
            )


def _enrichment(row: EnrichmentRow) -> Enrichment:
    return Enrichment.model_validate({name: getattr(row, name) for name in Enrichment.model_fields})
