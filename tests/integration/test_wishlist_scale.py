"""What many wishes cost: statements for pages, not for wishes, and few events."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import time, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from temporalio.client import Client

from mainspring.contracts.tasks import TaskFilter
from mainspring.contracts.wishlist import CheckWishlistSales, WishedItem
from mainspring.domain.queues import consumer_of
from mainspring.storage.database import Database
from mainspring.workflows.wishlist import SALE_CHECK, SEND
from tests.shop import Shop, open_shop, product, user

WISHES_OF_A_PRODUCT = 10
DUE_ONE_IN = 20

# What a check asks for each page of wishes or mails, and what the ledger and those who look on ask beside.
PAGE = 500
STATEMENTS_OF_A_PAGE = 16
STATEMENTS_BESIDE = 60

MAILED_WITHIN_SECONDS = 600


@pytest.fixture
async def shop(temporal_client: Client, service_database: Database, tmp_path: Path) -> AsyncIterator[Shop]:
    """Give a shop with a worker."""
    async with open_shop(temporal_client, service_database, tmp_path) as shop, shop.service.worker():
        yield shop


class Statements(Counter[str]):
    """Counts what a database is asked, by the beginning of the statement."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        event.listen(database.engine.sync_engine, "before_cursor_execute", self._note)

    def _note(self, _connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        self[statement.split("\n", maxsplit=1)[0][:60]] += 1


@pytest.mark.parametrize(
    "products",
    [
        pytest.param(320, id="short"),
        pytest.param(10_000, id="long", marks=[pytest.mark.drill, pytest.mark.timeout(1_200)]),
    ],
)
async def test_many_wishes_cost_a_few_events_and_no_statement_each(shop: Shop, products: int) -> None:
    """One wish in twenty is told of, once; both checks and mails ask for pages; a second check is quiet."""
    wishes = products * WISHES_OF_A_PRODUCT
    due = wishes // DUE_ONE_IN
    await fill(shop, products, wishes)
    statements = Statements(shop.service.database)

    check = await shop.service.jobs.start(SALE_CHECK, CheckWishlistSales())
    # Who waits for a result asks the ledger the oftener the longer a busy machine needs for it.
    workflow_id = (await shop.service.tasks.get(check.id)).workflow_id
    await shop.service.temporal_client.get_workflow_handle(workflow_id).result()
    first = await check.result()
    asked_by_check = statements.total()
    assert [] == shop.smtp.accepted  # it is night for all
    await shop.service.people.store_users([user(number) for number in range(wishes // 4)])
    shop.service.clock.advance(timedelta(days=1))
    statements.clear()
    await shop.service.relay()
    async with asyncio.timeout(MAILED_WITHIN_SECONDS):
        while len(shop.smtp.accepted) < first.mails:  # noqa: ASYNC110  # the ledger must not be asked
            await asyncio.sleep(0.1)
    asked_by_mails = statements.total()
    second = await shop.check(SALE_CHECK, CheckWishlistSales())

    task = (await shop.service.tasks.find(TaskFilter(job=SALE_CHECK.name)))[-1]
    events = await shop.service.temporal.history_length(task.workflow_id, task.run_id)
    consumed = await shop.service.temporal.history_length(consumer_of(SEND.name))
    print(first, asked_by_check, asked_by_mails, events, consumed)  # noqa: T201  # for people
    assert due == first.notified == first.checked
    assert asked_by_check <= STATEMENTS_BESIDE + STATEMENTS_OF_A_PAGE * (due // PAGE + 2)
    # Mails are claimed and settled five times a second, as many as there are then.
    assert asked_by_check + asked_by_mails <= wishes // 5
    assert events + consumed <= 300
    assert (0, 0) == (second.notified, second.mails)
    assert first.mails == len(shop.smtp.accepted) == len(shop.smtp.counts) == len(shop.mails())


async def fill(shop: Shop, products: int, wishes: int) -> None:
    """Store products with ten wishes each, every twentieth on sale; nobody wants mail before tomorrow."""
    night = {"quiet_from": time(0), "quiet_until": time(23, 59, 59)}
    await shop.service.shop.store_products([product(number) for number in range(products)])
    await shop.service.people.store_users([user(number, **night) for number in range(wishes // 4)])
    wished = [
        WishedItem(user_id=f"u{number // 4:05}", product_id=f"p{number % products:05}")
        for number in range(wishes)
    ]
    assert [] == await shop.service.wishlists.store_items(wished)
    on_sale = range(0, products, DUE_ONE_IN)
    await shop.service.shop.store_products([product(number, sale_price_cents=9_000) for number in on_sale])
