"""Two attempts at the same check at once: one was taken for dead and was not."""

import asyncio
from uuid import uuid4

from temporalio.testing import ActivityEnvironment

from mainspring.activities.runtime.checkpoint import Superseded
from mainspring.activities.runtime.effects import SenderSettings
from mainspring.activities.wishlist.checks import WishlistActivities
from mainspring.contracts.wishlist import CheckBatch, CheckWishlistSales, WishedItem, WishlistProgress
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.smtp import Mailbox
from mainspring.storage.database import Database
from mainspring.storage.ledger import ProgressStore, TaskIntake
from mainspring.workflows.wishlist import SALE_CHECK
from tests.platform import KEY, platform_of
from tests.service import Service
from tests.shop import product, user

# Longer than both take to begin their first page.
A_MOMENT = 0.3


async def furnish(database: Database, clock: SystemClock) -> CheckBatch:
    """Store wishes for a product on sale, and accept a check of them."""
    platform = platform_of(database, clock)
    await platform.shop.store_products([product(1, sale_price_cents=5_000)])
    await platform.people.store_users([user(number) for number in range(20)])
    await platform.wishlists.store_items(
        [WishedItem(user_id=f"u{number:05}", product_id="p00001") for number in range(20)]
    )
    task = SALE_CHECK.task(uuid4(), CheckWishlistSales(), triggered_by="client")
    await database.transact(lambda session: TaskIntake(session).enqueue([task], now=clock.now()))
    return CheckBatch(
        sales=CheckWishlistSales(), progress=WishlistProgress(task_id=task.id, began_at=clock.now())
    )


async def test_of_two_attempts_at_once_only_one_stores_a_page(workerless: Service) -> None:
    """What the other has judged meanwhile is not counted again, and the stored place never goes back."""
    database, clock = workerless.database, SystemClock()
    check = await furnish(database, clock)
    sender_settings = SenderSettings(Mailbox("shop@example.org"), "https://shop.example", KEY)
    checks = WishlistActivities(database, clock, sender_settings)

    async with database.session.begin() as session:
        await ProgressStore(session).checkpoint(check.progress.task_id, hold=True)
        attempts = [
            asyncio.ensure_future(ActivityEnvironment().run(checks.check_batch, check)) for _ in range(2)
        ]
        await asyncio.sleep(A_MOMENT)
    ended = await asyncio.gather(*attempts, return_exceptions=True)

    (done,) = [each for each in ended if isinstance(each, WishlistProgress)]
    assert [Superseded] == [type(each) for each in ended if each is not done]
    stored = await database.read(lambda session: ProgressStore(session).checkpoint(done.task_id))
    assert done == WishlistProgress.model_validate(stored)
    assert 20 == done.checked
