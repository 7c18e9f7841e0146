"""What test_new_jobs.py runs in a copy of the project into which the files of the guides were put."""

from pathlib import Path

from temporalio.client import Client

from mainspring.storage.database import Database
from mainspring.storage.migrate import differences, revise
from mainspring.workflows.runtime.catalogue import job_named, workflow_classes
from tests.histories.record import chosen, history_of
from tests.workflows.test_replay import replayer


async def test_the_migration_is_written_by_the_command() -> None:
    """Before any database is made: those of the tests below have the table."""
    assert await revise("articles") is not None


async def test_the_migration_leads_to_the_declared_tables(sqlite_database: Database) -> None:
    """There is nothing left to write."""
    assert [] == await differences(sqlite_database)


def test_the_jobs_are_in_the_catalogue() -> None:
    """A module with JOBS is enough."""
    assert ["take-stock", "load-articles", "appraise-coins"] == [
        job_named(name).name for name in ("take-stock", "load-articles", "appraise-coins")
    ]


async def test_a_history_is_recorded_and_replays(
    temporal_client: Client, sqlite_database: Database, tmp_path: Path
) -> None:
    """Of the one job that has a recording and no history yet."""
    (missing,) = chosen([])
    assert "load-articles.success" == missing
    history = await history_of(missing, temporal_client, sqlite_database, tmp_path)
    await replayer(*workflow_classes()).replay_workflow(history)
