"""What record.py records of the cards, and of what runs beside every job."""

from contextlib import suppress

from temporalio.client import WorkflowFailureError

from mainspring.contracts.cards import (
    DiscoverSets,
    RefreshDueAccounts,
    SyncTrackedSets,
    UpdateInventoryPrices,
)
from mainspring.contracts.tasks import TaskState
from mainspring.emulators.justtcg.catalogue import GAME_ID
from mainspring.workflows.cards import (
    DISCOVER_SETS,
    REFRESH_DUE_ACCOUNTS,
    SYNC_TRACKED_SETS,
    UPDATE_INVENTORY_PRICES,
)
from tests.histories.runs import Handle, finished
from tests.service import Service, is_waiting

SMALL_SET = "welcome-deck-2017-magic-the-gathering"


async def discovered(service: Service) -> Handle:
    """Fetch a game."""
    account = await service.add_account(games=[GAME_ID])
    return await finished(service, DISCOVER_SETS, DiscoverSets(account_id=account))


async def synced(service: Service) -> Handle:
    """Fetch a set."""
    account = await service.add_account(sets=[SMALL_SET])
    return await finished(service, SYNC_TRACKED_SETS, SyncTrackedSets(account_id=account))


async def waited(service: Service) -> Handle:
    """Let a price update wait for its quota, and wake it with a better plan."""
    account = await service.add_account(plan="Free Tier", inventory=service.justtcg.variant_ids[:60], day=2)
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    task = await service.until(started.id, is_waiting)
    service.justtcg.add_key("key-of-shop", "Starter")
    await service.accounts.change_plan("shop", "Starter", 1)
    assert TaskState.SUCCESS == (await service.wait(started.id)).state
    return service.temporal_client.get_workflow_handle(task.workflow_id)


async def failed(service: Service) -> Handle:
    """Let a price update fail for a key that is not accepted."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:20])
    await service.accounts.set_api_key("shop", "revoked")
    return await finished(service, UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))


async def cancelled(service: Service) -> Handle:
    """Cancel a price update while it waits."""
    account = await service.add_account(plan="Free Tier", inventory=service.justtcg.variant_ids[:60], day=2)
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    await service.until(started.id, is_waiting)
    task = await service.jobs.cancel(started.id)
    await service.wait(started.id)
    return service.temporal_client.get_workflow_handle(task.workflow_id)


async def continued(service: Service) -> Handle:
    """Return the first run of a price update that continues as new."""
    account = await service.add_account(plan="Free Tier", inventory=service.justtcg.variant_ids[:2_000])
    handle = await finished(service, UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    first = (await handle.describe()).raw_info.first_run_id
    return service.temporal_client.get_workflow_handle(handle.id, run_id=first)


async def resumed(service: Service) -> Handle:
    """Return the last run of a price update that continues as new."""
    first = await continued(service)
    return service.temporal_client.get_workflow_handle(first.id)


async def refreshed(service: Service) -> Handle:
    """Let a refresh find something due."""
    await service.add_account(games=[GAME_ID])
    handle = await finished(service, REFRESH_DUE_ACCOUNTS, RefreshDueAccounts())
    for task in await service.active_tasks():
        await service.wait(task.id)
    return handle


async def relayed(service: Service) -> Handle:
    """Let a relay find nothing to do."""
    await service.relay()
    return service.temporal_client.get_workflow_handle("relay")


async def reconciled(service: Service) -> Handle:
    """Let a sweep find one bad start."""
    handle = await service.raw_start("discover-sets", {}, workflow_id="by-hand")
    with suppress(WorkflowFailureError):
        await handle.result()
    await service.until_listed("Failed")
    await service.reconcile()
    return service.temporal_client.get_workflow_handle("reconcile")


RECORDINGS = {
    "discover-sets.success": discovered,
    "sync-tracked-sets.success": synced,
    "update-inventory-prices.wait-and-wake": waited,
    "update-inventory-prices.failure": failed,
    "update-inventory-prices.cancellation": cancelled,
    "update-inventory-prices.continued-as-new": continued,
    "update-inventory-prices.resumed": resumed,
    "refresh-due-accounts.success": refreshed,
    "relay-tasks.success": relayed,
    "reconcile-tasks.success": reconciled,
}
