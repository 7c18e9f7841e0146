"""Who is told of a wished product: sale episodes, returns to stock, and what holds when a mail is sent.

Pure rules over a product and the wishes for it; docs/decisions/0011 says them in words.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from mainspring.contracts.wishlist import CheckWishlistSales, CheckWishlistStock, NotificationKind, SkipReason
from mainspring.domain.shop import Offer


@dataclass(frozen=True)
class SaleState:
    """What sale checks have seen of a product: whether it is on sale, and its how manieth sale that is."""

    on_sale: bool = False
    episode: int = 0

    def is_in(self, episode: int) -> bool:
        """Whether this sale is the one that goes on."""
        return self.on_sale and self.episode == episode


@dataclass(frozen=True)
class StockState:
    """What stock checks have seen of a product.

    `sold_out`: there was none, and not yet enough again. `restocked_at`: since when the `episode`th return
    to stock lasts; absent when none does.
    """

    sold_out: bool = False
    episode: int = 0
    restocked_at: datetime | None = None

    def is_in(self, episode: int) -> bool:
        """Whether this return is the one that lasts."""
        return self.restocked_at is not None and self.episode == episode


@dataclass(frozen=True)
class LastNotification:
    """The last notification of a wish in an episode: the price that its mail has said, and when.

    `price_cents` is None when the price was in another currency than the product's now. `waits`: it was not
    sent yet, and the mail will say the price of its own time.
    """

    price_cents: int | None
    at: datetime
    waits: bool = False


@dataclass(frozen=True)
class Wish:
    """A user's wish for a product. `wanted`: the user wants to hear of it, by the wish and in general.

    `price_when_added_cents` is None when it was in another currency than the product's now.
    `last` is the last notification of the evaluated kind in the product's present episode.
    """

    user_id: str
    price_when_added_cents: int | None
    added_at: datetime
    wanted: bool = True
    last: LastNotification | None = None

    def baseline_for(self, offer: Offer) -> int:
        """Return what the price of a sale is compared with: in another currency the product's own price."""
        known = self.price_when_added_cents if self.last is None else self.last.price_cents
        return offer.price_cents if known is None else known


@dataclass(frozen=True)
class Due:
    """A notification to write. `price_cents` is the price that is told of, none for a return to stock.

    `baseline_cents` is what the mail compares the price with.
    """

    user_id: str
    product_id: str
    kind: NotificationKind
    episode: int
    price_cents: int
    baseline_cents: int
    currency: str = ""


@dataclass(frozen=True)
class Evaluation:
    """What became of wishes: those that are due, and why the others are not."""

    due: tuple[Due, ...]
    skipped: Counter[SkipReason]


def detect_sale(state: SaleState, offer: Offer, now: datetime) -> SaleState:
    """Return what is seen now: a product that comes on sale begins the next episode."""
    on_sale = offer.is_on_sale(now)
    begins = on_sale and not state.on_sale
    return SaleState(on_sale, state.episode + begins)


def detect_stock(state: StockState, offer: Offer, now: datetime, *, minimum: int) -> StockState:
    """Return what is seen now: enough after none begins the next episode, none ends it."""
    if offer.stock <= 0:
        return replace(state, sold_out=True, restocked_at=None)
    if state.sold_out and offer.stock >= minimum:
        return StockState(sold_out=False, episode=state.episode + 1, restocked_at=now)
    return state


def evaluate_sale(
    offer: Offer, state: SaleState, wishes: Iterable[Wish], rules: CheckWishlistSales, now: datetime
) -> Evaluation:
    """Say which of these wishes are told of the sale in `state`; none if there is no sale."""
    due: list[Due] = []
    skipped: Counter[SkipReason] = Counter()
    price = offer.price_at(now)
    for wish in wishes if state.on_sale else ():
        baseline = wish.baseline_for(offer)
        reason = _sale_skip_reason(price, baseline, wish, rules, now)
        if reason is None:
            kind = NotificationKind.SALE
            due.append(
                Due(wish.user_id, offer.product_id, kind, state.episode, price, baseline, offer.currency)
            )
        else:
            skipped[reason] += 1
    return Evaluation(tuple(due), skipped)


def _sale_skip_reason(
    price: int, baseline: int, wish: Wish, rules: CheckWishlistSales, now: datetime
) -> SkipReason | None:
    if not wish.wanted:
        return SkipReason.NOT_WANTED
    is_drop = _is_drop(price, baseline, rules.min_drop_percent)
    if wish.last is None:
        return None if is_drop else SkipReason.DROP_TOO_SMALL
    if wish.last.waits or not is_drop:
        return SkipReason.ALREADY_NOTIFIED
    return SkipReason.COOLDOWN if now - wish.last.at < rules.deeper_drop_after else None


def _is_drop(price: int, baseline: int, percent: int) -> bool:
    """Whether a price is below another by the percentage at least; exact, and a rise or the same never is."""
    return price < baseline and price * 100 <= baseline * (100 - percent)


def evaluate_stock(
    offer: Offer,
    state: StockState,
    wishes: Sequence[Wish],
    rules: CheckWishlistStock,
    *,
    told_before: int = 0,
) -> Evaluation:
    """Say which of these wishes, the oldest first, are told that the product is back.

    `told_before` are those of older wishes that the same check has found due already.
    """
    due: list[Due] = []
    skipped: Counter[SkipReason] = Counter()
    if state.restocked_at is None or offer.stock < rules.min_stock:
        return Evaluation((), skipped)
    most = None if rules.mails_per_unit is None else offer.stock * rules.mails_per_unit - told_before
    for wish in wishes:
        reason = _stock_skip_reason(wish, state.restocked_at)
        if reason is None and most is not None and len(due) >= most:
            reason = SkipReason.CAPPED
        if reason is None:
            kind = NotificationKind.STOCK
            due.append(Due(wish.user_id, offer.product_id, kind, state.episode, 0, 0, offer.currency))
        else:
            skipped[reason] += 1
    return Evaluation(tuple(due), skipped)


def _stock_skip_reason(wish: Wish, restocked_at: datetime) -> SkipReason | None:
    if not wish.wanted:
        return SkipReason.NOT_WANTED
    if wish.last is not None:
        return SkipReason.ALREADY_NOTIFIED
    return SkipReason.WISHED_LATER if wish.added_at > restocked_at else None


def skip_reason(
    due: Due, offer: Offer | None, *, wanted: bool | None, is_over: bool, minimum: int, now: datetime
) -> SkipReason | None:
    """Say why a notification no longer holds at the moment of sending; None if it does.

    `wanted` is None when the wish is gone, `offer` when the product is. `is_over` says that a check has seen
    the end of its episode: what is there now is the next one's to tell.
    """
    if offer is None or wanted is None:
        return SkipReason.WISH_REMOVED
    if not wanted:
        return SkipReason.UNSUBSCRIBED
    if due.kind is NotificationKind.STOCK:
        return SkipReason.OUT_OF_STOCK if is_over or offer.stock < minimum else None
    # What is sold in another currency now is for the next check to compare.
    if is_over or offer.currency != due.currency or not offer.is_on_sale(now):
        return SkipReason.SALE_ENDED
    return SkipReason.PRICE_ROSE if offer.price_at(now) > due.price_cents else None
