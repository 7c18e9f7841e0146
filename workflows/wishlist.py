"""The wishlist jobs: two checks, and the pooled job that sends what they have found."""

from temporalio import workflow

from workflows import options
from workflows.job import AnyJob, Job
from workflows.pools import drain
from workflows.tracking import carried, continue_with, task_id, tracked

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from activities.notifications import NotificationActivities
    from activities.wishlist import WishlistActivities

from contracts.pools import DrainPool, Pool, PoolDrained
from contracts.wishlist import (
    SEND_NOTIFICATIONS,
    CheckStretch,
    CheckWishlistSales,
    CheckWishlistStock,
    NotificationSent,
    SendNotification,
    WishlistChecked,
    WishlistProgress,
)


@workflow.defn(name="wishlist-sale-check")
class WishlistSaleCheckWorkflow:
    """Finds wished products that went on sale, and plans the mails that tell of them."""

    @workflow.run
    @tracked
    async def run(self, request: CheckWishlistSales) -> WishlistChecked:
        """Check stretch by stretch until all wishes are checked and all mails planned."""
        return await _check(request, CheckStretch(sales=request, progress=_progress()))


@workflow.defn(name="wishlist-stock-check")
class WishlistStockCheckWorkflow:
    """Finds wished products that are back in stock, and plans the mails that tell of them."""

    @workflow.run
    @tracked
    async def run(self, request: CheckWishlistStock) -> WishlistChecked:
        """Check stretch by stretch until all wishes are checked and all mails planned."""
        return await _check(request, CheckStretch(stock=request, progress=_progress()))


@workflow.defn(name="drain-send-notifications")
class DrainSendNotificationsWorkflow:
    """Sends what waits to be sent."""

    @workflow.run
    async def run(self, request: DrainPool) -> PoolDrained:
        """Work the queue until it is empty."""
        return await drain(SEND_NOTIFICATIONS, NotificationActivities.send, request)


def _progress() -> WishlistProgress:
    return carried(WishlistProgress) or WishlistProgress(task_id=task_id(), began_at=workflow.now())


async def _check(request: CheckWishlistSales | CheckWishlistStock, check: CheckStretch) -> WishlistChecked:
    """Call the activity with what it gave back last until it is finished."""
    while True:
        progress = await workflow.execute_activity_method(
            WishlistActivities.check_stretch, check, **options.PAGE
        )
        if progress.finished:
            return WishlistChecked(
                **progress.model_dump(include=set(WishlistChecked.model_fields)),
                duration_seconds=(workflow.now() - progress.began_at).total_seconds(),
            )
        if workflow.info().is_continue_as_new_suggested():
            continue_with(request, progress)
        check = check.model_copy(update={"progress": progress})


SALE_CHECK = Job(
    name="wishlist-sale-check",
    run=WishlistSaleCheckWorkflow.run,
    input=CheckWishlistSales,
    result=WishlistChecked,
    key=lambda _request: "all",
    key_says="shop",
    summary="Tell users of wished products that went on sale.",
)
STOCK_CHECK = Job(
    name="wishlist-stock-check",
    run=WishlistStockCheckWorkflow.run,
    input=CheckWishlistStock,
    result=WishlistChecked,
    key=lambda _request: "all",
    key_says="shop",
    summary="Tell users of wished products that are back in stock.",
)
SEND = Job(
    name=SEND_NOTIFICATIONS,
    run=DrainSendNotificationsWorkflow.run,
    input=SendNotification,
    result=NotificationSent,
    # Those under way wait for one of a few connections: more would only be in doubt when a worker dies.
    pool=Pool(page=50, parallel=2),
    summary="Send a mail that a wishlist check has planned.",
)

JOBS: tuple[AnyJob, ...] = (SALE_CHECK, STOCK_CHECK, SEND)
