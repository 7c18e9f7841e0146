"""What checks have seen of products, as the rules see it."""

from mainspring.domain.wishlist import SaleState, StockState
from mainspring.storage.tables import WishedProductRow


def sale_seen(row: WishedProductRow) -> SaleState:
    """Return what sale checks have seen of it."""
    return SaleState(row.seen_on_sale, row.sale_episode)


def stock_seen(row: WishedProductRow) -> StockState:
    """Return what stock checks have seen of it."""
    return StockState(row.seen_sold_out, row.stock_episode, row.restocked_at)
