"""What many wishes cost: statements for pages, not for wishes, and few events."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from temporalio.client import Client

from contracts.shop import WishedItem
from contracts.wishlist import CheckWishlistSales
from domain.pools import drain_of
from storage.database import Database
from tests.shop import Shop, open_shop, product, user
from workflows.wishlist import SALE_CHECK, SEND

WISHES_OF_A_PRODUCT = 10
DUE_ONE_IN = 20


@pytest.fixture
async def shop(temporal: Client, service_database: Database, tmp_path: Path) -> AsyncIterator[Shop]:
    """Give a shop with a worker."""
    async with open_shop(temporal, service_database, tmp_path) as shop, shop.service.worker():
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
        pytest.param(1_000, id="short"),
        pytest.param(10_000, id="long", marks=[pytest.mark.drill, pytest.mark.timeout(1_200)]),
    ],
)
async def test_many_wishes_cost_a_few_events_and_no_statement_each(shop: Shop, products: int) -> None:
    """One wish in twenty is told of, once; the check asks for pages; a second one sends nothing."""
    wishes = products * WISHES_OF_A_PRODUCT
    await shop.wishlists.store_products([product(number) for number in range(products)])
    await shop.wishlists.store_users([user(number) for number in range(wishes // 4)])
    await shop.wishlists.store_items(
        [
            WishedItem(user_id=f"u{number // 4:05}", product_id=f"p{number % products:05}")
            for number in range(wishes)
        ]
    )
    on_sale = [product(number, sale_price_cents=9_000) for number in range(0, products, DUE_ONE_IN)]
    await shop.wishlists.store_products(on_sale)
    statements = Statements(shop.service.database)

    first = await shop.check(SALE_CHECK, CheckWishlistSales())
    asked = statements.total()
    second = await shop.check(SALE_CHECK, CheckWishlistSales())

    task = next(task for task in await shop.service.all_tasks() if task.job == SALE_CHECK.name)
    events = await shop.service.engine.history_length(task.workflow_id, task.run_id)
    drained = await shop.service.engine.history_length(drain_of(SEND.name))
    print(first, asked, events, drained, statements.most_common(15))  # noqa: T201  # for people
    due = wishes // DUE_ONE_IN
    assert due == first.notified == first.checked
    assert 0 == second.notified == second.mails
    assert first.mails == len(shop.smtp.accepted) == len({each.message_id for each in shop.smtp.accepted})
