"""One page of a check: what is seen of its products, and who of their wishes is told."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

import structlog

from mainspring.contracts.wishlist import CheckBatch, NotificationKind, WishlistProgress
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.wishlist import (
    Due,
    Evaluation,
    Wish,
    detect_sale,
    detect_stock,
    evaluate_sale,
    evaluate_stock,
)
from mainspring.storage.database import Session
from mainspring.storage.wishlist import CheckRepository
from mainspring.storage.wishlist.checks import PlacedWish, WatchedProduct, WishCursor, next_workspace

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class PageSize:
    """A page ends with the first of these."""

    products: int = 500
    wishes: int = 5_000


DEFAULT_RETRY = PageSize()


@dataclass(frozen=True)
class Page:
    """The products of a page as they are seen now, and their wishes.

    `end` is the place up to which it goes; None when nothing comes after. `is_cut`: within a product.
    """

    products: Sequence[WatchedProduct]
    wishes: Sequence[PlacedWish]
    end: WishCursor | None
    is_cut: bool


async def check_page(
    session: Session, check: CheckBatch, *, now: datetime, size: PageSize = DEFAULT_RETRY
) -> WishlistProgress:
    """Judge the page after the check's place and write what follows, in the caller's transaction."""
    kind = NotificationKind.STOCK if check.stock else NotificationKind.SALE
    workspace = await _workspace(session, check.progress)
    checks = CheckRepository(session, kind, workspace)
    page = await _read(checks, check, size, now)
    evaluations, errors = _evaluate(check, page, now)
    due = [each for one in evaluations for each in one.due]
    await checks.write_due(due, min_stock=check.stock.min_stock if check.stock else 1, now=now)
    progress, end = check.progress, page.end or WishCursor()
    following = await next_workspace(session, workspace) if page.end is None else workspace
    skipped = sum((one.skipped for one in evaluations), Counter(progress.skipped))
    return progress.model_copy(
        update={
            "after_workspace": following or "",
            "after_product": end.product_id,
            "after_added_at": end.added_at,
            "after_user": end.user_id,
            "told_of_product": _told_of(end, due, progress) if page.is_cut else 0,
            "products": progress.products + len(page.products) - page.is_cut,
            "checked": progress.checked + len(page.wishes),
            "notified": progress.notified + len(due),
            "skipped": dict(sorted(skipped.items())),
            "errors": progress.errors + errors,
            "judged": following is None,
        }
    )


async def _workspace(session: Session, progress: WishlistProgress) -> str:
    """Return the workspace in which a check goes on, or the first one; empty when nobody sells anything."""
    if progress.after_product and not progress.after_workspace:
        return DEFAULT_WORKSPACE  # the checkpoint was written when there were no others
    return progress.after_workspace or await next_workspace(session, "") or ""


async def _read(checks: CheckRepository, check: CheckBatch, size: PageSize, now: datetime) -> Page:
    """Read a page; what is seen of its products is written before their wishes are read."""
    progress = check.progress
    after = WishCursor(progress.after_product, progress.after_added_at, progress.after_user)
    before = await checks.products(after, limit=size.products)
    products = [_seen(each, check, now) for each in before]
    await checks.note([new for old, new in zip(before, products, strict=True) if old != new])
    wishes = await checks.wishes([each.offer.product_id for each in products], after, limit=size.wishes)
    if len(wishes) == size.wishes:
        end = wishes[-1].place
        # Those after the cut are the next page's.
        products = [each for each in products if each.offer.product_id <= end.product_id]
        return Page(products, wishes, end, is_cut=True)
    is_last = len(before) < size.products
    return Page(products, wishes, None if is_last else WishCursor(before[-1].offer.product_id), is_cut=False)


def _seen(each: WatchedProduct, check: CheckBatch, now: datetime) -> WatchedProduct:
    if check.stock is not None:
        state = detect_stock(each.stock, each.offer, now, minimum=check.stock.min_stock)
        return replace(each, stock=state)
    return replace(each, sale=detect_sale(each.sale, each.offer, now))


def _told_of(end: WishCursor, due: Sequence[Due], before: WishlistProgress) -> int:
    """Return how many of the wishes for the product of a place are told, with those of the pages before."""
    return sum(each.product_id == end.product_id for each in due) + _told_before(before, end.product_id)


def _told_before(progress: WishlistProgress, product_id: str) -> int:
    """Return how many of a product's wishes are told, if the page before was cut in it."""
    is_continued = product_id == progress.after_product and progress.after_added_at is not None
    return progress.told_of_product if is_continued else 0


def _evaluate(check: CheckBatch, page: Page, now: datetime) -> tuple[list[Evaluation], int]:
    """Evaluate product by product; a product that fails is counted, and does not sink the others."""
    by_product = {each.offer.product_id: each for each in page.products}
    evaluations: list[Evaluation] = []
    errors = 0
    for product_id, places in groupby(page.wishes, key=lambda each: each.place.product_id):
        wishes = [each.wish for each in places]
        before = _told_before(check.progress, product_id)
        try:
            evaluations.append(_evaluate_one(check, by_product[product_id], wishes, before, now))
        except Exception:  # whatever is wrong with a product, the others are evaluated: counted and logged
            log.exception("a product cannot be evaluated", product_id=product_id)
            errors += 1
    return evaluations, errors


def _evaluate_one(
    check: CheckBatch, product: WatchedProduct, wishes: Sequence[Wish], before: int, now: datetime
) -> Evaluation:
    if check.stock is not None:
        return evaluate_stock(product.offer, product.stock, wishes, check.stock, told_before=before)
    assert check.sales is not None  # noqa: S101  # a check is of one of the two
    return evaluate_sale(product.offer, product.sale, wishes, check.sales, now)
