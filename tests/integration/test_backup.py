"""Backup and restore of the embedded database, as docs/backup.md has them."""

import resource
import stat
from datetime import timedelta
from pathlib import Path

import pytest

from mainspring.contracts.cards import RefreshDueAccounts
from mainspring.contracts.tasks import FinishTask, TaskState
from mainspring.contracts.wishlist import CheckWishlistSales, CheckWishlistStock
from mainspring.storage.backup import NoBackup, back_up
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import TaskWriter
from mainspring.testing.temporal_server import own_namespace
from mainspring.workflows.cards import REFRESH_DUE_ACCOUNTS
from mainspring.workflows.wishlist import SALE_CHECK, STOCK_CHECK
from tests.service import Service, idle_service


async def test_what_a_backup_holds_goes_on_beside_a_new_temporal(
    workerless: Service, temporal_server: str, tmp_path: Path
) -> None:
    """What had ended stays so, what waits for its time waits on, and what was at work is replayed."""
    service = workerless
    done = await service.jobs.start(REFRESH_DUE_ACCOUNTS, RefreshDueAccounts())
    at_work = await service.jobs.start(SALE_CHECK, CheckWishlistSales())
    now = service.clock.now()

    async def work(session: Session) -> None:
        ledger = TaskWriter(session)
        await ledger.finish(FinishTask(task_id=done.id, state=TaskState.SUCCESS), now=now)
        await ledger.mark_running(at_work.id, now=now)

    await service.database.transact(work)
    later = await service.jobs.start(STOCK_CHECK, CheckWishlistStock(), delay=timedelta(days=1))
    await back_up(service.database, tmp_path / "backup.db")
    await service.jobs.cancel(later.id)

    restored = Database(f"sqlite+aiosqlite:///{tmp_path}/backup.db")
    new_temporal = await own_namespace(temporal_server)
    async with idle_service(new_temporal, restored, tmp_path, service.clock) as again, again.worker():
        service.clock.advance(timedelta(minutes=1))
        await again.reconcile()
        await again.relay()
        states = [(await again.tasks.get(each.id)).state for each in (done, at_work, later)]
        assert [TaskState.SUCCESS, TaskState.FAILED, TaskState.QUEUED] == states
        waiting = await again.temporal_client.get_workflow_handle(
            (await again.tasks.get(later.id)).workflow_id
        ).describe()
        assert "wishlist-stock-check" == waiting.workflow_type

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


async def test_a_backup_that_does_not_fit_leaves_nothing(sqlite_database: Database, tmp_path: Path) -> None:
    """What has the name of a backup is one, and the next attempt finds the name free."""
    folder = tmp_path / "backups"
    folder.mkdir()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, limits[1]))
    try:
        with pytest.raises(NoBackup, match=f"{folder}/backup.db: "):
            await back_up(sqlite_database, folder / "backup.db")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [] == list(folder.iterdir())

    await back_up(sqlite_database, folder / "backup.db")
    assert ["backup.db"] == [each.name for each in folder.iterdir()]
