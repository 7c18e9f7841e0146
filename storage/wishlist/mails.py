"""What a mail says: its notifications with everything that is needed to judge and to write them."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from sqlalchemy import and_, bindparam, or_, select, tuple_, update

from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.wishlist import NotificationKind, SkipReason
from mainspring.domain.shop import Offer
from mainspring.domain.wishlist import Due, SaleState, StockState
from mainspring.storage.dialect import chunks
from mainspring.storage.people import UserKey
from mainspring.storage.repository import Repository
from mainspring.storage.shop import offer_of
from mainspring.storage.tables import (
    Base,
    NotificationRow,
    WishedProductRow,
    WishlistItemRow,
    WishlistUserRow,
)
from mainspring.storage.wishlist.rows import sale_seen, stock_seen

Shape = TypeVar("Shape", Product, User)


# What a mail still holds; a check that tells of it anew takes it out.
HELD = or_(
    NotificationRow.state.in_(("due", "failed")),
    and_(NotificationRow.state == "skipped", NotificationRow.reason == SkipReason.UNDELIVERED),
)


@dataclass(frozen=True)
class Line:
    """A notification of a mail. `wanted` is None when the wish is gone, the others when the product is.

    `told_cents` is what an attempt has said; `is_over` says that a check has seen the end of its episode.
    """

    notification_id: UUID
    due: Due
    min_stock: int
    told_cents: int
    is_over: bool
    offer: Offer | None
    product: Product | None
    wanted: bool | None


@dataclass(frozen=True)
class Draft:
    """A mail before it is judged. `user` is absent when there is none any more."""

    user: User | None
    mailed_at: datetime | None
    lines: tuple[Line, ...]


class MailRepository(Repository):
    """The contents of mails, inside the caller's transaction."""

    async def drafts(self, effects: Mapping[UUID, UserKey]) -> dict[UUID, Draft]:
        """Return what waits in these effects, given with their owners: two queries for any number of them."""
        query = (
            select(NotificationRow, WishedProductRow, WishlistItemRow)
            .outerjoin(
                WishedProductRow,
                (WishedProductRow.workspace == NotificationRow.workspace)
                & (WishedProductRow.id == NotificationRow.product_id),
            )
            .outerjoin(
                WishlistItemRow,
                (WishlistItemRow.workspace == NotificationRow.workspace)
                & (WishlistItemRow.product_id == NotificationRow.product_id)
                & (WishlistItemRow.user_id == NotificationRow.user_id),
            )
            .where(NotificationRow.effect_id.in_(effects), HELD)
            .order_by(NotificationRow.created_at, NotificationRow.product_id, NotificationRow.kind)
        )
        fresh = query.execution_options(populate_existing=True)
        key = tuple_(WishlistUserRow.workspace, WishlistUserRow.id)
        people = select(WishlistUserRow).where(key.in_(set(effects.values())))
        users = {(row.workspace, row.id): row for row in await self._session.scalars(people)}
        lines: dict[UUID, list[Line]] = {}
        for note, product, item in await self._session.execute(fresh):
            user = users.get((note.workspace, note.user_id))
            if note.effect_id is not None:
                lines.setdefault(note.effect_id, []).append(_line(note, product, item, user))
        return {
            effect_id: _draft(users.get(owner), lines.get(effect_id, ()))
            for effect_id, owner in effects.items()
        }

    async def note_told(self, prices: Mapping[UUID, int]) -> None:
        """Note which prices the mails of notifications say, where these are not what is known."""
        statement = (
            update(NotificationRow)
            .where(NotificationRow.id == bindparam("notification"))
            .values(told_cents=bindparam("price"))
        )
        if prices:
            connection = await self._session.connection()
            rows = [{"notification": each, "price": price} for each, price in sorted(prices.items())]
            await connection.execute(statement, rows)

    async def settle(
        self, notification_ids: Collection[UUID], state: str, *, reason: str | None = None, now: datetime
    ) -> None:
        """Write what became of notifications: sent, failed or skipped."""
        for some in chunks(notification_ids):
            await self._session.execute(
                update(NotificationRow)
                .where(NotificationRow.id.in_(some))
                .values(state=state, reason=reason, settled_at=now)
            )

    async def settle_mails(self, effect_ids: Collection[UUID], state: str, *, now: datetime) -> None:
        """Write what became of all that these mails still hold."""
        for some in chunks(effect_ids):
            await self._session.execute(
                update(NotificationRow)
                .where(NotificationRow.effect_id.in_(some), HELD)
                .values(state=state, reason=None, settled_at=now)
                .execution_options(synchronize_session=False)
            )

    async def skip_undelivered(self, effect_ids: Collection[UUID], *, now: datetime) -> None:
        """Let what these failed mails hold be told by the next check, or by a retry of their tasks."""
        for some in chunks(effect_ids):
            await self._session.execute(
                update(NotificationRow)
                .where(NotificationRow.effect_id.in_(some), NotificationRow.state == "failed")
                .values(state="skipped", reason=SkipReason.UNDELIVERED, settled_at=now)
                .execution_options(synchronize_session=False)
            )


def _draft(user: WishlistUserRow | None, lines: Sequence[Line]) -> Draft:
    if user is None:
        return Draft(None, None, tuple(lines))
    return Draft(_read(User, user), user.mailed_at, tuple(lines))


def _read(kind: type[Shape], row: Base) -> Shape:
    """Return a row as the platform told it; it was checked then."""
    return kind.model_construct(**{name: getattr(row, name) for name in kind.model_fields})


def _line(
    note: NotificationRow,
    product: WishedProductRow | None,
    item: WishlistItemRow | None,
    user: WishlistUserRow | None,
) -> Line:
    due = Due(
        note.user_id,
        note.product_id,
        NotificationKind(note.kind),
        note.episode,
        note.price_cents,
        note.baseline_cents,
        note.currency or (product.currency if product is not None else ""),
    )
    return Line(
        note.id,
        due,
        note.min_stock,
        note.price_cents if note.told_cents is None else note.told_cents,
        product is None or not _seen(due.kind, product).is_in(due.episode),
        None if product is None else offer_of(product),
        None if product is None else _read(Product, product),
        _wanted(due.kind, item, user),
    )


def _seen(kind: NotificationKind, product: WishedProductRow) -> SaleState | StockState:
    return sale_seen(product) if kind is NotificationKind.SALE else stock_seen(product)


def _wanted(
    kind: NotificationKind, item: WishlistItemRow | None, user: WishlistUserRow | None
) -> bool | None:
    if item is None or user is None:
        return None
    if kind is NotificationKind.SALE:
        return item.notify_on_sale and user.sale_alerts
    return item.notify_on_stock and user.stock_alerts
