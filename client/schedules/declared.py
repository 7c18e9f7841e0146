"""The table of schedules."""

from datetime import timedelta

from mainspring.client.schedules.rows import ScheduledJob, declared
from mainspring.client.schedules.when import Cron, Every
from mainspring.contracts.cards import RefreshDueAccounts
from mainspring.contracts.media import SweepScratch
from mainspring.contracts.tasks import ReconcileTasks, RelayTasks
from mainspring.contracts.wishlist import CheckWishlistSales, CheckWishlistStock

# Runs that follow each other within minutes need no making up for: the next one finds all that is due.
SOON = timedelta(minutes=10)

WISHLIST_SALE_CHECK = ScheduledJob(
    id="wishlist-sale-check",
    job="wishlist-sale-check",
    given=CheckWishlistSales(),
    when=Cron("0 * * * *"),
    zone_by="wishlist_timezone",
    timeout=timedelta(minutes=50),
    enabled_by="wishlist_sale_check_enabled",
    summary="Tell users of wished products that went on sale.",
)
WISHLIST_STOCK_CHECK = ScheduledJob(
    id="wishlist-stock-check",
    job="wishlist-stock-check",
    given=CheckWishlistStock(),
    when=Cron("*/30 * * * *"),
    zone_by="wishlist_timezone",
    timeout=timedelta(minutes=25),
    enabled_by="wishlist_stock_check_enabled",
    summary="Tell users of wished products that are back in stock.",
)

SCHEDULES = declared(
    ScheduledJob(
        id="relay-tasks",
        job="relay-tasks",
        given=RelayTasks(),
        when=Every(timedelta(minutes=1)),
        catchup=SOON,
        timeout=timedelta(minutes=10),
        summary="Start accepted tasks that Temporal was not told of.",
    ),
    ScheduledJob(
        id="reconcile-tasks",
        job="reconcile-tasks",
        given=ReconcileTasks(),
        when=Every(timedelta(minutes=5)),
        catchup=SOON,
        timeout=timedelta(minutes=30),
        summary="End tasks whose workflow was terminated or timed out.",
    ),
    ScheduledJob(
        id="refresh-due-accounts",
        job="refresh-due-accounts",
        given=RefreshDueAccounts(),
        when=Every(timedelta(hours=1)),
        timeout=timedelta(minutes=50),
        summary="Start the card jobs that are due for each active account.",
    ),
    ScheduledJob(
        id="sweep-scratch",
        job="sweep-scratch",
        given=SweepScratch(),
        when=Every(timedelta(days=1)),
        timeout=timedelta(hours=2),
        summary="Remove what failed videos have left on the disk and nobody has retried for a week.",
    ),
    WISHLIST_SALE_CHECK,
    WISHLIST_STOCK_CHECK,
)
