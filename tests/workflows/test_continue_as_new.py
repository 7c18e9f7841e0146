"""A long job continues as new: to everybody outside it stays one task."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mainspring.contracts.cards import PricesUpdated, UpdateInventoryPrices
from mainspring.contracts.tasks import Task, TaskState
from mainspring.storage.database import Database
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from mainspring.workflows.cards import UPDATE_INVENTORY_PRICES
from tests.service import Service, idle_service

# Thirty requests of twenty each: more history events than are suggested for a run.
ITEMS = 600


@pytest.fixture
async def service(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Service]:
    """Give a service on a Temporal server that suggests to continue as new early."""
    suggest = {"limit__historyCount__suggestContinueAsNew": "10"}
    async with temporal_server_process(**suggest) as address:
        temporal_client = await own_namespace(address)
        async with idle_service(temporal_client, sqlite_database, tmp_path) as service, service.worker():
            yield service


async def test_a_job_that_continues_as_new_is_one_task(service: Service) -> None:
    """Started by the client or raw: its counts go on, nothing is asked for twice, its row begins once."""
    half = len(held := service.justtcg.variant_ids[: 2 * ITEMS]) // 2
    inputs = [
        UpdateInventoryPrices(
            account_id=await service.add_account(name, plan="Free Tier", inventory=items, day=200)
        )
        for name, items in (("first", held[:half]), ("second", held[half:]))
    ]
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, inputs[0])
    await check_ended_as_one(service, await service.wait(started.id))
    raw = await service.raw_start(
        UPDATE_INVENTORY_PRICES.name, inputs[1].model_dump(mode="json"), workflow_id="by-hand"
    )
    await raw.result()
    (by_hand,) = [task for task in await service.all_tasks() if task.id != started.id]
    await check_ended_as_one(service, await service.wait(by_hand.id))

    assert {} == service.justtcg.calls.repeated_lookups
    assert service.sold_at(held) == await service.prices()


async def check_ended_as_one(service: Service, task: Task) -> None:
    """Check that a task had several runs, and that its row tells of all of them together."""
    last = await service.temporal_client.get_workflow_handle(task.workflow_id).describe()

    assert last.raw_info.first_run_id == task.run_id != last.run_id
    assert (TaskState.SUCCESS, ITEMS, ()) == (task.state, task.processed, task.errors)
    result = PricesUpdated.model_validate(task.result)
    assert (ITEMS, ITEMS // 20) == (result.updated, result.requests)
