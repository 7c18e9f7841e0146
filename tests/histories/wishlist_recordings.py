"""What record.py records of the wishlists."""

from mainspring.contracts.message import Message
from mainspring.contracts.tasks import TaskFilter, TaskState
from mainspring.contracts.wishlist import CheckWishlistSales, CheckWishlistStock, WishedItem
from mainspring.domain.queues import consumer_of
from mainspring.workflows.runtime.job import AnyJob
from mainspring.workflows.wishlist import SALE_CHECK, SEND, STOCK_CHECK
from tests.histories.runs import Handle
from tests.service import Service
from tests.shop import product, user


async def sales_checked(service: Service) -> Handle:
    """Let a check find a product that went on sale."""
    await _stock(service, sale_price_cents=8_000)
    return await _checked(service, SALE_CHECK, CheckWishlistSales())


async def stock_checked(service: Service) -> Handle:
    """Let a check find a product that is back in stock."""
    await _stock(service, stock=0)
    await _checked(service, STOCK_CHECK, CheckWishlistStock())
    await _stock(service, stock=5)
    return await _checked(service, STOCK_CHECK, CheckWishlistStock())


async def mailed(service: Service) -> Handle:
    """Let a check's mail be sent."""
    await sales_checked(service)
    (task,) = await service.tasks.find(TaskFilter(job=SEND.name))
    assert TaskState.SUCCESS == (await service.wait(task.id)).state
    handle = service.temporal_client.get_workflow_handle(consumer_of(SEND.name))
    await handle.result()
    return handle


async def _stock(service: Service, **sold: int) -> None:
    await service.shop.store_products([product(1)])
    await service.people.store_users([user(1)])
    await service.wishlists.store_items([WishedItem(user_id="u00001", product_id="p00001")])
    await service.shop.store_products([product(1, **sold)])


async def _checked(service: Service, job: AnyJob, given: Message) -> Handle:
    started = await service.jobs.start(job, given)
    task = await service.wait(started.id)
    assert TaskState.SUCCESS == task.state, task.errors
    return service.temporal_client.get_workflow_handle(task.workflow_id)


RECORDINGS = {
    "wishlist-sale-check.success": sales_checked,
    "wishlist-stock-check.success": stock_checked,
    "send-notifications.success": mailed,
}
