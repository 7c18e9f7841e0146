"""How SQLite finds the rows of a workspace: never by going through all of them."""

from collections.abc import Awaitable, Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection

from mainspring.contracts.failures import FailureFilter
from mainspring.contracts.tasks import NewTask
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import FailureStore, WorkspaceTasks
from mainspring.storage.ledger.repeats import Repeats


async def by_id(session: Session) -> None:
    """Look a task up by the beginning of its id."""
    await WorkspaceTasks(session, DEFAULT_WORKSPACE).id_starting_with("abcd")


async def children(session: Session) -> None:
    """Look up the steps of a flow that are tasks."""
    await WorkspaceTasks(session, DEFAULT_WORKSPACE).children(uuid4())


async def failures(session: Session) -> None:
    """Count failed tasks."""
    await FailureStore(session, DEFAULT_WORKSPACE).count(FailureFilter())


async def holders(session: Session) -> None:
    """Look up who holds a key."""
    task = NewTask(id=uuid4(), job="x", workflow_id="x", dedupe_key="x", input={})
    await Repeats(session).holders_of([task])


async def page(session: Session) -> None:
    """List the newest tasks."""
    await WorkspaceTasks(session, DEFAULT_WORKSPACE).find()


@pytest.mark.parametrize(
    ("look", "index"),
    [
        (by_id, "sqlite_autoindex_tasks_1 (id>? AND id<?)"),
        (children, "ix_tasks_parent_id (parent_id=?)"),
        (failures, "ix_tasks_state_updated_at (state=?)"),
        (holders, "uq_tasks_active_dedupe_key (workspace=? AND dedupe_key=?)"),
        (page, "ix_tasks_created_at (workspace=?)"),
    ],
)
async def test_each_look_takes_the_index_that_finds_few_rows(
    sqlite_database: Database, look: Callable[[Session], Awaitable[None]], index: str
) -> None:
    """A workspace has millions of rows: an index that begins with the workspace is right for pages only."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: object, statement: str, values: Any, *_: object) -> None:
        statements.append((statement, values))

    event.listen(sqlite_database.engine.sync_engine, "before_cursor_execute", note)
    await sqlite_database.read(look)
    asked, values = next(each for each in statements if each[0].startswith("SELECT"))

    async with sqlite_database.engine.connect() as connection:
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", values)
        assert index in " ".join(row.detail for row in plan)
