"""Products of a catalogue: saved, and given to the jobs that process them."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from sqlalchemy import event

from mainspring.client.errors import BadInput
from mainspring.client.gifting.products import Products
from mainspring.contracts.shop.catalogue import Storing
from mainspring.contracts.tasks import Task, TaskFilter, TaskState
from mainspring.storage.database import Database, Session
from tests.catalogue import catalogued
from tests.product_jobs import EMBED, ENRICH
from tests.service import Service

pytestmark = pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)


@pytest.fixture
def products(workerless: Service) -> Products:
    """Give the catalogue of a service without a worker."""
    return Products(workerless.database, workerless.jobs, workerless.clock, (ENRICH, EMBED))


async def queued(service: Service, job: str) -> list[Task]:
    """Return the tasks of a job that wait."""
    found = await service.tasks.find(TaskFilter(states=frozenset({TaskState.QUEUED})), limit=5_000)
    return [task for task in found if task.job == job]


async def counts(service: Service) -> tuple[int, int]:
    """Return how many tasks of both jobs wait."""
    return len(await queued(service, ENRICH.name)), len(await queued(service, EMBED.name))


async def test_a_flurry_of_one_product_is_one_task_of_each_job(
    products: Products, workerless: Service
) -> None:
    """64 events of one product at the same time end in the newest state, and are worked once."""
    states = [catalogued(1, minute=each, title=f"State {each}") for each in range(64)]
    saved = await asyncio.gather(*(products.save_product(each) for each in states[1::2] + states[::2]))

    assert "State 63" == (await products.product("p00001")).title
    assert (1, 1) == await counts(workerless)
    (task,) = await queued(workerless, ENRICH.name)
    assert ("product.changed", 3) == (task.triggered_by, task.priority)
    assert "p00001" == task.input["product_id"]
    assert all(each.task_ids for each in saved if each.change.storing is Storing.CHANGED)
    assert not any(each.task_ids for each in saved if each.change.storing is Storing.OLDER)


async def test_what_is_hidden_is_not_processed_and_what_waited_is_cancelled(
    products: Products, workerless: Service
) -> None:
    """A draft starts nothing; a product that is hidden takes its waiting tasks along, and no other's."""
    await products.save_products([catalogued(1), catalogued(2), catalogued(3, status="draft")])
    assert (2, 2) == await counts(workerless)

    await products.save_product(catalogued(1, minute=1, visible_to_gifter=False))
    assert ["p00002"] == [each.input["product_id"] for each in await queued(workerless, ENRICH.name)]
    assert (1, 1) == await counts(workerless)

    await products.save_product(catalogued(1, minute=2))
    assert (2, 2) == await counts(workerless)


async def test_two_thousand_products_are_two_transactions_and_again_start_nothing(
    products: Products, workerless: Service, service_database: Database
) -> None:
    """A page is one transaction with its tasks; the same again is stored and starts no task."""
    told = [catalogued(number) for number in range(2_000)]
    commits = Counter[str]()
    event.listen(service_database.engine.sync_engine, "commit", lambda _: commits.update(["commit"]))
    await products.save_products(told)
    assert (2_000, 2_000) == await counts(workerless)
    # Two pages; what wakes each of their queues reads beside them.
    assert commits["commit"] <= 20

    again = await products.save_products(told)
    assert {Storing.UNCHANGED} == {each.change.storing for each in again}
    changed = [told[0].model_copy(update={"description": "Another one"}), *told[1:]]
    saved = await products.save_products(changed)
    assert 1 == sum(bool(each.task_ids) for each in saved)
    assert (2_000, 2_000) == await counts(workerless)


async def test_a_state_of_the_future_is_refused(products: Products, workerless: Service) -> None:
    """It would keep out whatever is told until then."""
    future = workerless.clock.now() + timedelta(minutes=6)
    with pytest.raises(BadInput, match=r"changed_at: .* is not accepted: a time up to"):
        await products.save_product(catalogued(1).model_copy(update={"changed_at": future}))
    assert [] == await products.products()


async def test_a_save_that_is_rolled_back_leaves_neither_product_nor_task(
    products: Products, workerless: Service
) -> None:
    """Both are part of the caller's transaction."""

    async def work(session: Session) -> None:
        await products.save_product(catalogued(1), session=session)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await workerless.database.transact(work)

    assert [] == await products.products()
    assert (0, 0) == await counts(workerless)
