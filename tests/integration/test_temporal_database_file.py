"""The embedded server's database file does not keep the size that it once had."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from temporalio.api.common.v1 import WorkflowExecution
from temporalio.api.workflowservice.v1 import DeleteWorkflowExecutionRequest

from mainspring.config.connect import connect
from mainspring.config.settings import Settings
from mainspring.devserver import EmbeddedTemporal
from mainspring.devserver.command import DATABASE_FILE
from mainspring.devserver.database_file import let_shrink
from tests.scheduled import DoNothingWorkflow, Nothing
from tests.scheduled import worker as worker_of_nothing

MEGABYTE = 1024 * 1024


def test_a_file_of_an_earlier_version_gives_back_its_space(tmp_path: Path) -> None:
    """Once, and from then on with each deletion."""
    file = tmp_path / DATABASE_FILE
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE history (data BLOB)")
        fill(connection)
        connection.execute("DELETE FROM history")
    assert file.stat().st_size > MEGABYTE

    let_shrink(file)
    converted = file.stat().st_size
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        fill(connection)
        connection.execute("DELETE FROM history")

    assert converted < MEGABYTE / 10
    assert file.stat().st_size < MEGABYTE / 10


def test_a_file_that_somebody_uses_stays_as_it_is(tmp_path: Path) -> None:
    """A start does not fail because of it."""
    file = tmp_path / DATABASE_FILE
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE history (data BLOB)")
        connection.execute("PRAGMA locking_mode=EXCLUSIVE")
        connection.execute("BEGIN EXCLUSIVE")
        before = file.read_bytes()

        let_shrink(file)

        assert before == file.read_bytes()


def fill(connection: sqlite3.Connection) -> None:
    """Write a few megabytes."""
    connection.executemany("INSERT INTO history VALUES (zeroblob(1000000))", [()] * 3)


@pytest.mark.drill
@pytest.mark.timeout(900)
async def test_a_thousand_workflows_leave_two_megabytes_when_they_are_deleted(tmp_path: Path) -> None:
    """As they are after the retention. That a new file shrinks at all is in `test_embedded_engine`."""
    async with EmbeddedTemporal(tmp_path, port=0, ui_port=0):
        client = await connect(Settings(state_dir=tmp_path))
        file = tmp_path / DATABASE_FILE
        empty = checkpointed_size(file)
        turns = asyncio.Semaphore(8)

        async def run(workflow_id: str) -> None:
            async with turns:
                await client.execute_workflow(
                    DoNothingWorkflow.run, Nothing(), id=workflow_id, task_queue="scheduled"
                )

        names = [f"w{each}" for each in range(1_000)]
        async with worker_of_nothing(client):
            await asyncio.gather(*(run(name) for name in names))
        for name in names:
            execution = WorkflowExecution(workflow_id=name)
            await client.workflow_service.delete_workflow_execution(
                DeleteWorkflowExecutionRequest(namespace="default", workflow_execution=execution)
            )

        async with asyncio.timeout(600):
            while checkpointed_size(file) > empty + 2 * MEGABYTE:  # noqa: ASYNC110  # the server tells nobody
                await asyncio.sleep(0.5)


def checkpointed_size(file: Path) -> int:
    """Return the size of a database file in bytes, once its log is written into it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
        pages: int = connection.execute("PRAGMA page_count").fetchone()[0]
        return pages * int(connection.execute("PRAGMA page_size").fetchone()[0])
