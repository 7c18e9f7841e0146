"""The wishlist checks and their mails, with a real engine, worker and mail server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from temporalio.client import Client

from mainspring.contracts.people import User
from mainspring.contracts.shop import Product
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.wishlist import CheckWishlistSales, WishedItem
from mainspring.emulators.smtp import SmtpEmulator
from mainspring.storage.database import Database
from mainspring.testing.eventually import eventually
from mainspring.workflows.wishlist import SALE_CHECK
from tests.service import Service, idle_service


@dataclass(frozen=True)
class Shop:
    """A service with a worker, and a mail server."""

    service: Service
    smtp: SmtpEmulator


@pytest.fixture
async def shop(temporal_client: Client, service_database: Database, tmp_path: Path) -> AsyncIterator[Shop]:
    """Give a shop without wishes."""
    async with (
        SmtpEmulator() as smtp,
        idle_service(
            temporal_client,
            service_database,
            tmp_path,
            smtp_host=smtp.host,
            smtp_port=smtp.port,
            smtp_security="none",
        ) as service,
        service.worker(),
    ):
        yield Shop(service, smtp)


def product(number: int, **more: object) -> Product:
    """Return a product that costs 100.00."""
    given = {
        "id": f"p{number}",
        "name": f"Product {number}",
        "url": f"https://shop.example/p{number}",
        "currency": "EUR",
        "price_cents": 10_000,
        "stock": 3,
    }
    return Product.model_validate(given | more)


async def test_a_wished_product_on_sale_is_told_of_once(shop: Shop) -> None:
    """The mail arrives, a second check sends nothing."""
    await shop.service.shop.store_products([product(1), product(2)])
    await shop.service.people.store_users([User(id="anna", email="anna@example.org")])
    await shop.service.wishlists.store_items(
        [WishedItem(user_id="anna", product_id="p1"), WishedItem(user_id="anna", product_id="p2")]
    )
    await shop.service.shop.store_products([product(1, sale_price_cents=8_000)])

    first = await (await shop.service.jobs.start(SALE_CHECK, CheckWishlistSales())).result()
    await eventually(shop.service.active_tasks, lambda tasks: not tasks)
    second = await (await shop.service.jobs.start(SALE_CHECK, CheckWishlistSales())).result()

    assert (1, 1, 1) == (first.checked, first.notified, first.mails)
    assert (1, 0, 0) == (second.checked, second.notified, second.mails)
    assert ["anna@example.org"] == [each.recipients[0] for each in shop.smtp.accepted]
    assert {TaskState.SUCCESS} == {task.state for task in await shop.service.all_tasks()}
