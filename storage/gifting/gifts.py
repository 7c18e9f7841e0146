"""Products as gifts: which of them may be given, and what is said of them."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, column, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.gifting.enrichment import Enrichment
from mainspring.contracts.gifting.recommendations import GiftFilter, GiftProduct
from mainspring.contracts.shop.catalogue import StoredProduct
from mainspring.domain.gifting.matching import ProductWords
from mainspring.domain.gifting.themes import Tagged
from mainspring.storage.dialect import is_postgresql
from mainspring.storage.gifting.enrichments import EnrichmentRepository
from mainspring.storage.repository import Repository
from mainspring.storage.shop import IS_SHOWN, CatalogueRepository, filtered
from mainspring.storage.tables.shop import CatalogueProductRow


@dataclass(frozen=True)
class Gift:
    """A product that may be given: what is shown of it, and what is compared."""

    product: GiftProduct
    words: ProductWords


class GiftRepository(Repository):
    """The products of a workspace that are published and visible, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    def ids(self, wanted: GiftFilter, *, currency: str | None = None) -> Select[str]:
        """Return a query for the ids of the products for which a filter holds, with prices in a currency."""
        row = CatalogueProductRow
        query = select(row.id).where(row.workspace == self._workspace, filtered(wanted))
        if wanted.occasions:
            query = query.where(self._has_any(row.occasion_fit, wanted.occasions))
        if currency is not None:
            query = query.where(row.currency == currency)
        return query

    async def of_ids(self, product_ids: Collection[str]) -> dict[str, Gift]:
        """Return those of these products that may be given."""
        found = await CatalogueRepository(self._session, self._workspace).of_ids(product_ids)
        added = await EnrichmentRepository(self._session, self._workspace).of_ids(product_ids)
        return {each.id: _gift(each, added.get(each.id)) for each in found.values() if each.is_shown}

    async def tagged(self, wanted: GiftFilter) -> list[Tagged]:
        """Return the products for which a filter holds, with their tags, in the order of their ids."""
        row = CatalogueProductRow
        query = select(row.id, row.gift_tags, row.style_tags, row.occasion_fit)
        own = row.workspace == self._workspace
        found = await self._session.execute(query.where(own, row.id.in_(self.ids(wanted))).order_by(row.id))
        return [Tagged(id_, *(tuple(each) for each in tags)) for id_, *tags in found]

    def _has_any(self, tags: Any, wanted: Collection[str]) -> ColumnElement[bool]:
        listed = func.jsonb_array_elements_text if is_postgresql(self._session) else func.json_each
        each = listed(tags).table_valued(column("value"), name="each_tag")
        return exists(
            select(1).select_from(each).where(func.lower(each.c.value).in_([tag.lower() for tag in wanted]))
        )


def _readable(occasions: Collection[str]) -> tuple[str, ...]:
    return tuple(each.replace("_", " ") for each in occasions)


async def workspaces_with_gifts(session: AsyncSession) -> list[str]:
    """Return the workspaces that show products."""
    query = select(CatalogueProductRow.workspace).where(IS_SHOWN).distinct()
    return list(await session.scalars(query.order_by(CatalogueProductRow.workspace)))


def _gift(product: StoredProduct, added: Enrichment | None = None) -> Gift:
    shown = GiftProduct.model_construct(
        **{name: getattr(product, name) for name in GiftProduct.model_fields if name != "brand"},
        brand=None if product.brand is None else product.brand.name,
    )
    texts = (product.title, product.short_description, product.description)
    words = ProductWords(
        gift_tags=product.gift_tags + (added.gift_tags + added.recipient_interests if added else ()),
        style_tags=product.style_tags + (added.style_tags if added else ()),
        occasions=product.occasion_fit + _readable(added.occasion_fit if added else ()),
        text=" ".join(each for each in texts if each),
        price_cents=product.price_cents,
    )
    return Gift(shown, words)
