"""A long job continues as new: to everybody outside it stays one task."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mainspring.contracts.cards import PricesUpdated, UpdateInventoryPrices
from mainspring.contracts.tasks import TaskState
from mainspring.storage.database import Database
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from mainspring.workflows.cards import UPDATE_INVENTORY_PRICES
from tests.histories.record import SUGGESTED_AFTER_EVENTS
from tests.service import Service, idle_service


@pytest.fixture
async def service(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Service]:
    """Give a service on a Temporal server that suggests to continue as new early."""
    suggest = {"limit__historyCount__suggestContinueAsNew": str(SUGGESTED_AFTER_EVENTS)}
    async with temporal_server_process(**suggest) as address:
        temporal_client = await own_namespace(address)
        async with idle_service(temporal_client, sqlite_database, tmp_path) as service, service.worker():
            yield service


@pytest.mark.parametrize("raw", [False, True], ids=["client", "raw start"])
async def test_a_job_that_continues_as_new_is_one_task(service: Service, *, raw: bool) -> None:
    """Its counts go on, nothing is asked for twice, and its row begins and ends once."""
    held = service.justtcg.variant_ids[:1_600]
    account = await service.add_account(plan="Free Tier", inventory=held, day=200)
    request = UpdateInventoryPrices(account_id=account)
    if raw:
        await service.raw_start(
            UPDATE_INVENTORY_PRICES.name, request.model_dump(mode="json"), workflow_id="by-hand"
        )
    else:
        await service.jobs.start(UPDATE_INVENTORY_PRICES, request)

    task = await service.wait((await service.first_task()).id)
    last = await service.temporal_client.get_workflow_handle(task.workflow_id).describe()

    assert last.raw_info.first_run_id == task.run_id != last.run_id
    assert (TaskState.SUCCESS, 1_600, ()) == (task.state, task.processed, task.errors)
    assert (1_600, 80) == (
        (result := PricesUpdated.model_validate(task.result)).updated,
        result.requests,
    )
    assert {} == service.justtcg.calls.repeated_lookups
    assert service.sold_at(held) == await service.prices()
    assert 1 == len(await service.all_tasks())
