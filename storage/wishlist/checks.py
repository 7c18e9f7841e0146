"""What a check reads and writes: products a page at a time, their wishes, and who is to be told."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, and_, case, func, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from mainspring.contracts.wishlist import NotificationKind
from mainspring.domain.shop import Offer
from mainspring.domain.wishlist import Due, LastNotification, SaleState, StockState, Wish
from mainspring.storage.dialect import chunks, insert_into
from mainspring.storage.people import UserRepository
from mainspring.storage.repository import Repository
from mainspring.storage.shop import offer_of
from mainspring.storage.tables import NotificationRow, WishedProductRow, WishlistItemRow, WishlistUserRow
from mainspring.storage.wishlist.rows import sale_seen, stock_seen


@dataclass(frozen=True)
class WatchedProduct:
    """A product and what was seen of it."""

    offer: Offer
    sale: SaleState
    stock: StockState


@dataclass(frozen=True)
class WishCursor:
    """A place in the order of wishes: by product, the older wishes first. The empty one is before all."""

    product_id: str = ""
    added_at: datetime | None = None
    user_id: str = ""


@dataclass(frozen=True)
class PlacedWish:
    """A wish and where it is."""

    place: WishCursor
    wish: Wish


async def next_workspace(session: AsyncSession, after: str) -> str | None:
    """Return the first workspace after this one that has products; None when there is none."""
    query = select(func.min(WishedProductRow.workspace)).where(WishedProductRow.workspace > after)
    return await session.scalar(query)


class CheckRepository(Repository):
    """The checks of one kind in a workspace, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, kind: NotificationKind, workspace: str) -> None:
        super().__init__(session)
        self._kind = kind
        self._workspace = workspace

    async def products(self, after: WishCursor, *, limit: int) -> list[WatchedProduct]:
        """Return products that may matter, held until the end: from the one in which `after` is.

        For sales these have a sale price or were on sale; for stock they are sold out, or were.
        """
        row = WishedProductRow
        is_left = row.id > after.product_id if after.added_at is None else row.id >= after.product_id
        query = (
            select(row)
            .where(row.workspace == self._workspace, is_left, self._may_matter())
            .order_by(row.id)
            .limit(limit)
        )
        # Two checks at the same time take turns at a page; new wishes, which only refer to products, go on
        # being stored. SQLite leaves it out: it has one writer.
        locked = query.with_for_update(key_share=True)
        rows = await self._session.scalars(locked.execution_options(populate_existing=True))
        return [WatchedProduct(offer_of(each), sale_seen(each), stock_seen(each)) for each in rows]

    def _may_matter(self) -> ColumnElement[bool]:
        row = WishedProductRow
        if self._kind is NotificationKind.SALE:
            return or_(row.sale_price_cents.is_not(None), row.seen_on_sale)
        return or_(row.stock <= 0, row.seen_sold_out, row.restocked_at.is_not(None))

    async def note(self, products: Sequence[WatchedProduct]) -> None:
        """Write what was seen of these products."""
        rows = [self._seen(each) for each in products]
        for chunk in chunks(rows):
            await self._session.execute(update(WishedProductRow), chunk)

    def _seen(self, each: WatchedProduct) -> dict[str, Any]:
        """Return what a check of this kind has seen; the rest is the other kind's to write."""
        if self._kind is NotificationKind.SALE:
            seen: dict[str, Any] = {"seen_on_sale": each.sale.on_sale, "sale_episode": each.sale.episode}
        else:
            seen = {
                "seen_sold_out": each.stock.sold_out,
                "stock_episode": each.stock.episode,
                "restocked_at": each.stock.restocked_at,
            }
        return {"workspace": self._workspace, "id": each.offer.product_id, **seen}

    async def wishes(
        self, product_ids: Collection[str], after: WishCursor, *, limit: int
    ) -> list[PlacedWish]:
        """Return the wishes for these products that come after a place, in the order of places."""
        query = self._wishes().where(
            WishlistItemRow.workspace == self._workspace, WishlistItemRow.product_id.in_(product_ids)
        )
        if after.added_at is not None:
            here = (WishlistItemRow.product_id, WishlistItemRow.added_at, WishlistItemRow.user_id)
            query = query.where(tuple_(*here) > tuple_(after.product_id, after.added_at, after.user_id))
        order = (WishlistItemRow.product_id, WishlistItemRow.added_at, WishlistItemRow.user_id)
        return [_wish_at(row) for row in await self._session.execute(query.order_by(*order).limit(limit))]

    def _wishes(self) -> Any:
        """Select wishes with the last notification in the present episode, of those that were not skipped."""
        item, product, notification = WishlistItemRow, WishedProductRow, NotificationRow
        is_sale = self._kind is NotificationKind.SALE
        episode = product.sale_episode if is_sale else product.stock_episode
        is_of_wish = and_(
            notification.workspace == item.workspace,
            notification.product_id == item.product_id,
            notification.user_id == item.user_id,
            notification.kind == self._kind,
            notification.episode == episode,
            notification.state != "skipped",
        )
        wanted = (
            and_(item.notify_on_sale, WishlistUserRow.sale_alerts)
            if is_sale
            else and_(item.notify_on_stock, WishlistUserRow.stock_alerts)
        )
        return (
            select(
                item.product_id,
                item.user_id,
                item.added_at,
                # No price is compared with one of another currency.
                case((_is_of_product(item.currency), item.price_when_added_cents)).label("price_when_added"),
                wanted.label("wanted"),
                # Each further one in an episode is of a lower price.
                func.min(
                    case(
                        (
                            _is_of_product(notification.currency),
                            func.coalesce(notification.told_cents, notification.price_cents),
                        )
                    )
                ).label("told_cents"),
                func.max(func.coalesce(notification.settled_at, notification.created_at)).label("told_at"),
                func.max(case((notification.state == "due", 1), else_=0)).label("waits"),
            )
            .join(product, and_(product.workspace == item.workspace, product.id == item.product_id))
            .join(
                WishlistUserRow,
                and_(WishlistUserRow.workspace == item.workspace, WishlistUserRow.id == item.user_id),
            )
            .outerjoin(notification, is_of_wish)
            .group_by(
                item.product_id,
                item.user_id,
                item.added_at,
                item.price_when_added_cents,
                item.currency,
                product.currency,
                item.notify_on_sale,
                item.notify_on_stock,
                WishlistUserRow.sale_alerts,
                WishlistUserRow.stock_alerts,
            )
        )

    async def write_due(self, due: Sequence[Due], *, min_stock: int, now: datetime) -> None:
        """Write who is to be told. What was skipped under the same key is due again; else it stays.

        What was told at the same number of another currency's units gives up its row.
        """
        await UserRepository(self._session, self._workspace).hold({each.user_id for each in due})
        for chunk in chunks(due):
            statement = insert_into(self._session, NotificationRow)
            revived = {
                "state": "due",
                "reason": None,
                "effect_id": None,
                "baseline_cents": statement.excluded.baseline_cents,
                "currency": statement.excluded.currency,
                "min_stock": statement.excluded.min_stock,
                "told_cents": None,
                "created_at": now,
                "settled_at": None,
            }
            statement = statement.on_conflict_do_update(
                index_elements=["workspace", "product_id", "user_id", "kind", "episode", "price_cents"],
                set_=revived,
                where=or_(
                    NotificationRow.state == "skipped",
                    NotificationRow.currency != statement.excluded.currency,
                ),
            )
            rows = [
                {
                    **vars(each),
                    "id": uuid4(),
                    "workspace": self._workspace,
                    "min_stock": min_stock,
                    "state": "due",
                    "created_at": now,
                }
                for each in chunk
            ]
            await self._session.execute(statement, rows)


def _is_of_product(currency: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    return func.coalesce(currency, WishedProductRow.currency) == WishedProductRow.currency


def _wish_at(row: Any) -> PlacedWish:
    last = (
        None if row.told_at is None else LastNotification(row.told_cents, row.told_at, waits=bool(row.waits))
    )
    return PlacedWish(
        WishCursor(row.product_id, row.added_at, row.user_id),
        Wish(row.user_id, row.price_when_added, row.added_at, wanted=bool(row.wanted), last=last),
    )
