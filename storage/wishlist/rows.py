"""Rows of products as the rules see them."""

from domain.wishlist import Offer, SaleSeen, StockSeen
from storage.tables import WishedProductRow


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


def sale_seen(row: WishedProductRow) -> SaleSeen:
    """Return what sale checks have seen of it."""
    return SaleSeen(row.seen_on_sale, row.sale_episode)


def stock_seen(row: WishedProductRow) -> StockSeen:
    """Return what stock checks have seen of it."""
    return StockSeen(row.seen_sold_out, row.stock_episode, row.restocked_at)
