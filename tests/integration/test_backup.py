"""Backup and restore of the embedded database, as docs/backup.md has them."""

import stat
from datetime import timedelta
from pathlib import Path

import pytest

from mainspring.contracts.cards import RefreshDueAccounts, UpdateInventoryPrices
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.wishlist import CheckWishlistSales
from mainspring.storage.backup import NoBackup, back_up
from mainspring.storage.database import Database
from mainspring.testing.temporal_server import own_namespace
from mainspring.workflows.cards import REFRESH_DUE_ACCOUNTS, UPDATE_INVENTORY_PRICES
from mainspring.workflows.wishlist import SALE_CHECK
from tests.service import Service, idle_service, is_waiting


async def test_what_a_backup_holds_goes_on_beside_a_new_temporal(
    service: Service, temporal_server: str, tmp_path: Path
) -> None:
    """What had ended stays so, what waits for its time waits on, and what was at work is replayed."""
    account = await service.add_account(plan="Free Tier", inventory=service.justtcg.variant_ids[:60], day=2)
    at_work = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    await service.until(at_work.id, is_waiting)
    done = await service.jobs.start(REFRESH_DUE_ACCOUNTS, RefreshDueAccounts())
    await service.wait(done.id)
    later = await service.jobs.start(SALE_CHECK, CheckWishlistSales(), delay=timedelta(days=1))
    await back_up(service.database, tmp_path / "backup.db")
    await service.jobs.cancel(later.id)

    restored = Database(f"sqlite+aiosqlite:///{tmp_path}/backup.db")
    new_temporal = await own_namespace(temporal_server)
    async with idle_service(new_temporal, restored, tmp_path, service.clock) as again, again.worker():
        service.clock.advance(timedelta(minutes=1))
        await again.reconcile()
        await again.relay()
        states = {each.id: (await again.tasks.get(each.id)).state for each in (at_work, done, later)}
        assert {
            at_work.id: TaskState.FAILED,
            done.id: TaskState.SUCCESS,
            later.id: TaskState.QUEUED,
        } == states
        [name] = [each.id async for each in new_temporal.list_workflows('WorkflowType="wishlist-sale-check"')]
        assert (await again.tasks.get(later.id)).workflow_id == name

        again.justtcg.add_key("key-of-shop", "Starter")
        await again.accounts.change_plan("shop", "Starter", 1)
        replayed = await again.jobs.retry(at_work.id)
        assert TaskState.SUCCESS == (await again.wait(replayed.id)).state
    await restored.dispose()


async def test_a_backup_is_a_new_file_of_its_owner(sqlite_database: Database, tmp_path: Path) -> None:
    """It holds what the database holds; no file is written over."""
    file = tmp_path / "backup.db"
    await back_up(sqlite_database, file)

    assert 0o600 == stat.S_IMODE(file.stat().st_mode)
    with pytest.raises(NoBackup, match=f"{file}: File exists"):
        await back_up(sqlite_database, file)
    with pytest.raises(NoBackup, match="pg_dump"):
        await back_up(Database("postgresql+asyncpg://nobody@127.0.0.1:1/x"), tmp_path / "other.db")
