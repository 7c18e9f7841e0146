"""Rows of products as the rules see them, and of users, held."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.domain.shop import Offer
from mainspring.domain.wishlist import SaleState, StockState
from mainspring.storage.dialect import chunks
from mainspring.storage.tables import WishedProductRow, WishlistUserRow


def offer_of(row: WishedProductRow) -> Offer:
    """Return what the shop says of a product."""
    return Offer(
        product_id=row.id,
        price_cents=row.price_cents,
        stock=row.stock,
        sale_price_cents=row.sale_price_cents,
        sale_starts_at=row.sale_starts_at,
        sale_ends_at=row.sale_ends_at,
    )


def sale_seen(row: WishedProductRow) -> SaleState:
    """Return what sale checks have seen of it."""
    return SaleState(row.seen_on_sale, row.sale_episode)


def stock_seen(row: WishedProductRow) -> StockState:
    """Return what stock checks have seen of it."""
    return StockState(row.seen_sold_out, row.stock_episode, row.restocked_at)


async def hold_users(session: AsyncSession, user_ids: Collection[str]) -> None:
    """Keep everybody else from writing, planning, claiming and settling notifications of these users.

    Whoever writes several notifications calls this first: the users are held in the order of their ids, so no
    two writers wait for each other. New wishes, which only refer to users, go on being stored.
    """
    for some in chunks(sorted(user_ids)):
        held = select(WishlistUserRow.id).where(WishlistUserRow.id.in_(some))
        await session.execute(held.order_by(WishlistUserRow.id).with_for_update(key_share=True))
