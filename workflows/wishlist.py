"""The wishlist jobs: two checks, and the mails that send what the checks have found."""

from collections.abc import Callable
from datetime import timedelta

from temporalio import workflow

from mainspring.workflows.runtime.batches import in_activity_with, run_batches
from mainspring.workflows.runtime.job import AnyJob, Job
from mainspring.workflows.runtime.queue import consume_queue
from mainspring.workflows.runtime.schedule import Cron, Schedule
from mainspring.workflows.runtime.tracking import task_id, tracked

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.wishlist import WishlistActivities
    from mainspring.activities.wishlist.mailing import NotificationActivities

from mainspring.contracts.queues import BatchedQueue, ConsumeQueue, QueueConsumed
from mainspring.contracts.wishlist import (
    SEND_NOTIFICATIONS,
    CheckBatch,
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
        """Check batch by batch until all wishes are checked and all mails planned."""
        return await _check(request, lambda progress: CheckBatch(sales=request, progress=progress))


@workflow.defn(name="wishlist-stock-check")
class WishlistStockCheckWorkflow:
    """Finds wished products that are back in stock, and plans the mails that tell of them."""

    @workflow.run
    @tracked
    async def run(self, request: CheckWishlistStock) -> WishlistChecked:
        """Check batch by batch until all wishes are checked and all mails planned."""
        return await _check(request, lambda progress: CheckBatch(stock=request, progress=progress))


@workflow.defn(name="drain-send-notifications")
class SendNotificationsConsumerWorkflow:
    """Sends what waits to be sent."""

    @workflow.run
    async def run(self, request: ConsumeQueue) -> QueueConsumed:
        """Work the queue until it is empty."""
        return await consume_queue(SEND_NOTIFICATIONS, NotificationActivities.send, request)


async def _check(
    request: CheckWishlistSales | CheckWishlistStock, message: Callable[[WishlistProgress], CheckBatch]
) -> WishlistChecked:
    first = WishlistProgress(task_id=task_id(), began_at=workflow.now())
    done = await run_batches(request, first, in_activity_with(WishlistActivities.check_batch, message))
    return WishlistChecked(
        **done.model_dump(include=set(WishlistChecked.model_fields)),
        duration_seconds=(workflow.now() - done.began_at).total_seconds(),
    )


SALE_CHECK = Job(
    name="wishlist-sale-check",
    run=WishlistSaleCheckWorkflow.run,
    input=CheckWishlistSales,
    result=WishlistChecked,
    key=lambda _request: "all",
    key_says="shop",
    summary="Tell users of wished products that went on sale.",
    schedule=Schedule(
        Cron("0 * * * *"),
        timeout=timedelta(minutes=50),
        zone_setting="wishlist_timezone",
        enabled_setting="wishlist_sale_check_enabled",
    ),
)
STOCK_CHECK = Job(
    name="wishlist-stock-check",
    run=WishlistStockCheckWorkflow.run,
    input=CheckWishlistStock,
    result=WishlistChecked,
    key=lambda _request: "all",
    key_says="shop",
    summary="Tell users of wished products that are back in stock.",
    schedule=Schedule(
        Cron("*/30 * * * *"),
        timeout=timedelta(minutes=25),
        zone_setting="wishlist_timezone",
        enabled_setting="wishlist_stock_check_enabled",
    ),
)
SEND = Job(
    name=SEND_NOTIFICATIONS,
    run=SendNotificationsConsumerWorkflow.run,
    input=SendNotification,
    result=NotificationSent,
    # Those under way wait for one of a few connections: more would only be in doubt when a worker dies.
    queue=BatchedQueue(page=50, parallel=2),
    summary="Send a mail that a wishlist check has planned.",
)

JOBS: tuple[AnyJob, ...] = (SALE_CHECK, STOCK_CHECK, SEND)
