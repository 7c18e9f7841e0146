"""Records the histories that tests/workflows/test_replay.py replays.

    python -m tests.histories.record [NAME…]

Run it by hand when a job is new, or after a change of workflow code that old runs need not survive; without
names it records every history anew. A real server, a real worker and the emulated vendor do the work. What
tells of the machine (paths, process and host names) is taken out.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from temporalio.client import WorkflowFailureError, WorkflowHandle

from mainspring.contracts.cards import (
    DiscoverSets,
    RefreshDueAccounts,
    SyncTrackedSets,
    UpdateInventoryPrices,
)
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import TaskState
from mainspring.emulators.justtcg.catalogue import GAME_ID
from mainspring.emulators.smtp import SmtpEmulator
from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from mainspring.workflows.cards import (
    DISCOVER_SETS,
    REFRESH_DUE_ACCOUNTS,
    SYNC_TRACKED_SETS,
    UPDATE_INVENTORY_PRICES,
)
from mainspring.workflows.runtime.job import AnyJob
from tests.histories import flow_recordings, wishlist_recordings
from tests.histories.scrub import scrubbed
from tests.service import Service, idle_service, is_waiting

FOLDER = Path(__file__).parent
SMALL_SET = "welcome-deck-2017-magic-the-gathering"

# A server that suggests to continue as new this early shows it in a short history.
SUGGESTED_AFTER_EVENTS = 20

Recording = Callable[[Service], Awaitable[WorkflowHandle[Any, Any]]]


async def finished(service: Service, job: AnyJob, given: Message) -> WorkflowHandle[Any, Any]:
    """Run a job to its end, whatever that is."""
    started = await service.jobs.start(job, given)
    task = await service.wait(started.id)
    return service.temporal_client.get_workflow_handle(task.workflow_id)


async def discovered(service: Service) -> WorkflowHandle[Any, Any]:
    """Fetch a game."""
    account = await service.add_account(games=[GAME_ID])
    return await finished(service, DISCOVER_SETS, DiscoverSets(account_id=account))


async def synced(service: Service) -> WorkflowHandle[Any, Any]:
    """Fetch a set."""
    account = await service.add_account(sets=[SMALL_SET])
    return await finished(service, SYNC_TRACKED_SETS, SyncTrackedSets(account_id=account))


async def waited(service: Service) -> WorkflowHandle[Any, Any]:
    """Let a price update wait for its quota, and wake it with a better plan."""
    account = await service.add_account(plan="Free Tier", inventory=service.justtcg.variant_ids[:60], day=2)
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    task = await service.until(started.id, is_waiting)
    service.justtcg.add_key("key-of-shop", "Starter")
    await service.accounts.change_plan("shop", "Starter", 1)
    assert TaskState.SUCCESS == (await service.wait(started.id)).state
    return service.temporal_client.get_workflow_handle(task.workflow_id)


async def failed(service: Service) -> WorkflowHandle[Any, Any]:
    """Let a price update fail for a key that is not accepted."""
    account = await service.add_account(inventory=service.justtcg.variant_ids[:20])
    await service.accounts.set_api_key("shop", "revoked")
    return await finished(service, UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))


async def cancelled(service: Service) -> WorkflowHandle[Any, Any]:
    """Cancel a price update while it waits."""
    account = await service.add_account(plan="Free Tier", inventory=service.justtcg.variant_ids[:60], day=2)
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    await service.until(started.id, is_waiting)
    task = await service.jobs.cancel(started.id)
    await service.wait(started.id)
    return service.temporal_client.get_workflow_handle(task.workflow_id)


async def continued(service: Service) -> WorkflowHandle[Any, Any]:
    """Return the first run of a price update that continues as new."""
    account = await service.add_account(plan="Free Tier", inventory=service.justtcg.variant_ids[:2_000])
    handle = await finished(service, UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    first = (await handle.describe()).raw_info.first_run_id
    return service.temporal_client.get_workflow_handle(handle.id, run_id=first)


async def resumed(service: Service) -> WorkflowHandle[Any, Any]:
    """Return the last run of a price update that continues as new."""
    first = await continued(service)
    return service.temporal_client.get_workflow_handle(first.id)


async def refreshed(service: Service) -> WorkflowHandle[Any, Any]:
    """Let a refresh find something due."""
    await service.add_account(games=[GAME_ID])
    handle = await finished(service, REFRESH_DUE_ACCOUNTS, RefreshDueAccounts())
    for task in await service.active_tasks():
        await service.wait(task.id)
    return handle


async def relayed(service: Service) -> WorkflowHandle[Any, Any]:
    """Let a relay find nothing to do."""
    await service.relay()
    return service.temporal_client.get_workflow_handle("relay")


async def reconciled(service: Service) -> WorkflowHandle[Any, Any]:
    """Let a sweep find one bad start."""
    handle = await service.raw_start("discover-sets", {}, workflow_id="by-hand")
    with suppress(WorkflowFailureError):
        await handle.result()
    await service.until_listed("Failed")
    await service.reconcile()
    return service.temporal_client.get_workflow_handle("reconcile")


RECORDINGS: dict[str, Recording] = {
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
    "run-flow.failure": flow_recordings.composed,
    "process-video.success": flow_recordings.processed,
    "sweep-scratch.success": flow_recordings.swept,
    "deliver-webhook.success": flow_recordings.delivered,
    "wishlist-sale-check.success": wishlist_recordings.sales_checked,
    "wishlist-stock-check.success": wishlist_recordings.stock_checked,
    "send-notifications.success": wishlist_recordings.mailed,
}


async def record(name: str) -> None:
    """Record one history into its file."""
    with tempfile.TemporaryDirectory() as folder:
        suggest = {"limit__historyCount__suggestContinueAsNew": str(SUGGESTED_AFTER_EVENTS)}
        changed = suggest if name.endswith(("continued-as-new", "resumed")) else {}
        async with temporal_server_process(**changed) as address, SmtpEmulator() as smtp:
            temporal_client = await own_namespace(address, identity="recorder")
            database = Database(f"sqlite+aiosqlite:///{folder}/recording.db")
            await upgrade(database)
            served = Path(folder) / "served"
            served.mkdir()
            idle = idle_service(
                temporal_client,
                database,
                Path(folder),
                media_source_dir=served,
                smtp_host=smtp.host,
                smtp_port=smtp.port,
                smtp_security="none",
            )
            async with idle as service, service.worker():
                handle = await RECORDINGS[name](service)
                history = await handle.fetch_history()
            await database.dispose()
    text = json.dumps(scrubbed(history.to_json_dict()), indent=1) + "\n"
    (FOLDER / f"{name}.json").write_text(text)
    sys.stdout.write(f"{name}: {len(history.events)} events\n")


async def main(names: list[str]) -> None:
    """Record these histories, or all."""
    for name in names or RECORDINGS:
        await record(name)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
    sys.stdout.flush()
    # A live Temporal client may hang the interpreter's exit.
    os._exit(0)
