"""The catalogue: brands, and products with their variants, as a CMS tells of them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.shop.catalogue import (
    EARLIEST,
    PUBLISHED,
    CatalogueProduct,
    ProductFilter,
    StoredChange,
    StoredProduct,
    Storing,
)
from mainspring.domain.shop import content_hash
from mainspring.storage.dialect import chunks, insert_new, upsert
from mainspring.storage.repository import Repository
from mainspring.storage.shop.catalogue_rows import (
    IS_SHOWN,
    brand_values,
    filtered,
    product_values,
    stored_product,
    variant_values,
)
from mainspring.storage.tables import BrandRow, CatalogueProductRow, ProductVariantRow


class CatalogueRepository(Repository):
    """The catalogue of a workspace, inside the caller's transaction. The later state of a product holds."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def store(self, products: Sequence[CatalogueProduct], *, now: datetime) -> list[StoredChange]:
        """Insert or overwrite products with their brands and variants, but for those with a later state.

        Return what became of each id. Of several states of one id the latest is stored, and of equally late
        ones the last. A thousand products are some ten statements. Until the caller's transaction ends, other
        writers of the same products wait.
        """
        changes: list[StoredChange] = []
        for chunk in chunks(_latest(products)):
            changes += await self._store(chunk, now)
        return changes

    async def get(self, product_id: str) -> StoredProduct | None:
        """Return a product, shown or not; None when there is none of this id."""
        return (await self.of_ids([product_id])).get(product_id)

    async def find(
        self, *, after: str = "", limit: int, is_shown: bool | None = None, brand_id: str | None = None
    ) -> list[StoredProduct]:
        """Return products in the order of their ids, those that come after `after`."""
        conditions = [CatalogueProductRow.id > after]
        if is_shown is not None:
            conditions.append(IS_SHOWN if is_shown else ~IS_SHOWN)
        if brand_id is not None:
            conditions.append(CatalogueProductRow.brand_id == brand_id)
        return await self._products(and_(*conditions), limit)

    async def of_ids(self, product_ids: Collection[str]) -> dict[str, StoredProduct]:
        """Return those of these products that there are, shown or not."""
        found: dict[str, StoredProduct] = {}
        for chunk in chunks(sorted(set(product_ids))):
            products = await self._products(CatalogueProductRow.id.in_(chunk), len(chunk))
            found |= {each.id: each for each in products}
        return found

    async def candidates(
        self, wanted: ProductFilter, *, among: Collection[str] | None = None, limit: int
    ) -> list[StoredProduct]:
        """Return products that are shown and for which the filter holds, in the order of their ids.

        With `among`, at most a thousand ids, only those of them.
        """
        condition = filtered(wanted)
        if among is not None:
            condition = and_(condition, CatalogueProductRow.id.in_(among))
        return await self._products(condition, limit)

    async def candidate_ids(self, wanted: ProductFilter) -> set[str]:
        """Return the ids of all products that are shown and for which the filter holds."""
        query = select(CatalogueProductRow.id).where(self._is_own, filtered(wanted))
        return set(await self._session.scalars(query))

    async def _store(self, products: Sequence[CatalogueProduct], now: datetime) -> list[StoredChange]:
        await self._store_brands(products, now)
        hashes = {each.id: content_hash(each) for each in products}
        rows = [product_values(each, self._workspace, hashes[each.id], now) for each in products]
        before = await self._held(rows)
        changes = [_change(each, hashes[each.id], before[each.id]) for each in products]
        written = {each.product_id for each in changes if each.storing is not Storing.OLDER}
        keep = frozenset({"created_at"})
        await upsert(
            self._session, CatalogueProductRow, [row for row in rows if row["id"] in written], keep=keep
        )
        await self._store_variants([each for each in products if each.id in written])
        return changes

    async def _held(self, rows: Sequence[Mapping[str, Any]]) -> dict[str, CatalogueProductRow]:
        """Return the rows as they were, and keep other writers off them until the transaction ends.

        A product that is new gets a row first: two writers of it would not know of each other. Every writer
        makes room, and then locks, in the order of the ids: no two writers wait for each other.
        """
        by_id = sorted(rows, key=lambda row: str(row["id"]))
        ids = [row["id"] for row in by_id]
        own = select(CatalogueProductRow).where(self._is_own, CatalogueProductRow.id.in_(ids))
        known = set(await self._session.scalars(own.with_only_columns(CatalogueProductRow.id)))
        room = {"changed_at": EARLIEST, "content_hash": "", "visible_to_gifter": False}
        new = [dict(row) | room for row in by_id if row["id"] not in known]
        if new:
            await self._session.execute(insert_new(self._session, CatalogueProductRow), new)
        locked = own.order_by(CatalogueProductRow.id).with_for_update()
        rows_held = await self._session.scalars(locked.execution_options(populate_existing=True))
        return {each.id: each for each in rows_held}

    async def _store_brands(self, products: Sequence[CatalogueProduct], now: datetime) -> None:
        """Insert or overwrite the brands, as of the latest product that tells of each."""
        told = {}
        for each in sorted(products, key=lambda each: each.changed_at):
            if each.brand is not None:
                told[each.brand.id] = brand_values(each.brand, self._workspace, each.changed_at, now)
        if not told:
            return
        rows = [told[brand_id] for brand_id in sorted(told)]
        await self._session.execute(
            insert_new(self._session, BrandRow), [row | {"changed_at": EARLIEST} for row in rows]
        )
        query = select(BrandRow.id, BrandRow.changed_at).where(
            BrandRow.workspace == self._workspace, BrandRow.id.in_(told)
        )
        locked = await self._session.execute(query.order_by(BrandRow.id).with_for_update())
        later = {brand_id for brand_id, changed_at in locked if changed_at <= told[brand_id]["changed_at"]}
        await upsert(self._session, BrandRow, [row for row in rows if row["id"] in later])

    async def _store_variants(self, products: Sequence[CatalogueProduct]) -> None:
        """Replace the variants of products whose rows are held."""
        ids = [each.id for each in products]
        own = ProductVariantRow.workspace == self._workspace
        await self._session.execute(
            delete(ProductVariantRow).where(own, ProductVariantRow.product_id.in_(ids))
        )
        rows = [row for each in products for row in variant_values(each, self._workspace)]
        await upsert(self._session, ProductVariantRow, rows)

    async def _products(self, condition: ColumnElement[bool], limit: int) -> list[StoredProduct]:
        brand_of = and_(
            BrandRow.workspace == CatalogueProductRow.workspace, BrandRow.id == CatalogueProductRow.brand_id
        )
        query = select(CatalogueProductRow, BrandRow).outerjoin(BrandRow, brand_of)
        page = query.where(self._is_own, condition).order_by(CatalogueProductRow.id).limit(limit)
        rows = (await self._session.execute(page.execution_options(populate_existing=True))).all()
        variants = await self._variants([product.id for product, _brand in rows])
        return [stored_product(product, brand, variants.get(product.id, [])) for product, brand in rows]

    async def _variants(self, product_ids: Sequence[str]) -> dict[str, list[ProductVariantRow]]:
        found: dict[str, list[ProductVariantRow]] = {}
        for chunk in chunks(product_ids):
            query = select(ProductVariantRow).where(
                ProductVariantRow.workspace == self._workspace, ProductVariantRow.product_id.in_(chunk)
            )
            for row in await self._session.scalars(query.order_by(ProductVariantRow.position)):
                found.setdefault(row.product_id, []).append(row)
        return found

    @property
    def _is_own(self) -> ColumnElement[bool]:
        return CatalogueProductRow.workspace == self._workspace


def _latest(products: Sequence[CatalogueProduct]) -> list[CatalogueProduct]:
    """Return the latest state of each id, in the order in which the ids came first."""
    latest: dict[str, CatalogueProduct] = {}
    for each in products:
        known = latest.get(each.id)
        if known is None or known.changed_at <= each.changed_at:
            latest[each.id] = each
    return list(latest.values())


def _change(product: CatalogueProduct, new_hash: str, before: CatalogueProductRow) -> StoredChange:
    was_shown = before.status == PUBLISHED and before.visible_to_gifter
    if product.changed_at < before.changed_at:
        return StoredChange(
            product_id=product.id, storing=Storing.OLDER, was_shown=was_shown, is_shown=was_shown
        )
    is_same = before.content_hash == new_hash and was_shown >= product.is_shown
    return StoredChange(
        product_id=product.id,
        storing=Storing.UNCHANGED if is_same else Storing.CHANGED,
        was_shown=was_shown,
        is_shown=product.is_shown,
    )
