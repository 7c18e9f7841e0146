"""How SQLite finds rows of the ledger: never by going through all of them."""

from collections.abc import Awaitable, Callable, Collection
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection

from mainspring.contracts.effects import EffectState
from mainspring.contracts.failures import FailureFilter
from mainspring.contracts.tasks import NewTask, TaskFilter, TaskState
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.api_keys import ApiKeyRepository
from mainspring.storage.attention import Attention
from mainspring.storage.audit import AuditLog
from mainspring.storage.database import Database, Session
from mainspring.storage.effects import EffectQueries, WorkspaceEffects
from mainspring.storage.ledger import FailureStore, TaskQueries, WatchedTasks, WorkspaceTasks
from mainspring.storage.ledger.repeats import Repeats
from mainspring.storage.webhooks import SubscriptionRepository
from mainspring.storage.wishlist import OutcomeRepository
from tests.ledger_writes import accepted, begin, report


async def deliveries(session: Session) -> None:
    """List the deliveries of a webhook."""
    last = (datetime.now(UTC), uuid4())
    await WorkspaceTasks(session, DEFAULT_WORKSPACE).deliveries(uuid4(), before=last, limit=50)


async def webhooks(session: Session) -> None:
    """List the webhooks of a workspace."""
    await SubscriptionRepository(session, DEFAULT_WORKSPACE).all(after=(datetime.now(UTC), uuid4()), limit=50)


async def audited(session: Session) -> None:
    """List the changes that callers have made."""
    await AuditLog(session, DEFAULT_WORKSPACE).find(before=(datetime.now(UTC), uuid4()), limit=50)


async def keys(session: Session) -> None:
    """List the keys of a workspace."""
    before = (datetime.now(UTC), uuid4())
    await ApiKeyRepository(session, DEFAULT_WORKSPACE).all(before=before, limit=50)


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


def page_of(task_filter: TaskFilter) -> Callable[[Session], Awaitable[None]]:
    """Return a look at the second page of a list."""

    async def look(session: Session) -> None:
        last = (datetime.now(UTC), uuid4())
        await WorkspaceTasks(session, DEFAULT_WORKSPACE).find(task_filter, before=last)

    return look


async def reconciled(session: Session) -> None:
    """Look at tasks whose workflow may have ended."""
    await TaskQueries(session).active_started(untouched_since=datetime.now(UTC), after=uuid4(), limit=100)


async def relayed(session: Session) -> None:
    """Look for tasks that Temporal has not been told of."""
    await TaskQueries(session).unstarted(limit=100, created_before=datetime.now(UTC))


async def to_cancel(session: Session) -> None:
    """Look for tasks that somebody asked to cancel."""
    await TaskQueries(session).to_cancel(limit=100)


async def let_go_on(session: Session) -> None:
    """Look for tasks that need not wait any longer."""
    await TaskQueries(session).let_go_on(limit=100)


def effects_of(states: Collection[EffectState] = ()) -> Callable[[Session], Awaitable[None]]:
    """Return a look at the second page of the effects."""

    async def look(session: Session) -> None:
        last = (datetime.now(UTC), uuid4())
        await WorkspaceEffects(session, DEFAULT_WORKSPACE).find(states, before=last, limit=50)

    return look


async def abandoned(session: Session) -> None:
    """Look for effects that no task sends any more."""
    await EffectQueries(session).abandoned("mail", limit=100)


async def in_doubt(session: Session) -> None:
    """Count the effects that a person has to resolve."""
    await Attention(session).in_doubt()


async def outcomes(session: Session) -> None:
    """Count the notifications of a workspace."""
    await OutcomeRepository(session, DEFAULT_WORKSPACE).outcomes()


async def resends(session: Session) -> None:
    """Count the attempts of effects that were in doubt."""
    await WorkspaceEffects(session, DEFAULT_WORKSPACE).resends()


async def plan_of(database: Database, look: Callable[[Session], Awaitable[None]]) -> str:
    """Return how SQLite answers the first query of a look."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: Connection, _cursor: object, statement: str, values: Any, *_: object) -> None:
        statements.append((statement, values))

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    await database.read(look)
    asked, values = next(each for each in statements if each[0].startswith("SELECT"))
    async with database.engine.connect() as connection:
        plan = await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {asked}", values)
        return " ".join(row.detail for row in plan)


async def accepted_lately(session: Session) -> None:
    """Look at what the streams of two workspaces are told of new tasks."""
    await WatchedTasks(session).accepted(["a", "b"], datetime.now(UTC), limit=10)


async def ended_lately(session: Session) -> None:
    """Look at what they are told of tasks that have ended."""
    await WatchedTasks(session).ended(["a", "b"], datetime.now(UTC), limit=10)


async def changed_lately(session: Session) -> None:
    """Look at what they are told of tasks that go on."""
    await WatchedTasks(session).changed(["a", "b"], TaskState.RUNNING, datetime.now(UTC), limit=10)


ROWS_OF_A_LIST = "(workspace=? AND {}=? AND (created_at,id)<(?,?))"


@pytest.mark.parametrize(
    ("look", "index"),
    [
        (by_id, "sqlite_autoindex_tasks_1 (id>? AND id<?)"),
        (children, "ix_tasks_parent_id (parent_id=?)"),
        (failures, "ix_tasks_fingerprint (fingerprint>?)"),
        (deliveries, "ix_tasks_deliveries (triggered_by=? AND (created_at,id)<(?,?))"),
        (webhooks, "ix_webhook_subscriptions_created_at (workspace=? AND (created_at,id)>(?,?))"),
        (audited, "ix_audit_log_at (workspace=? AND (at,id)<(?,?))"),
        (keys, "ix_api_keys_workspace (workspace=? AND (created_at,id)<(?,?))"),
        (holders, "uq_tasks_active_dedupe_key (workspace=? AND dedupe_key=?)"),
        (page, "ix_tasks_created_at (workspace=?)"),
        (
            page_of(TaskFilter(top=True, without=frozenset({"relay-tasks"}))),
            "ix_tasks_created_at (workspace=? AND (created_at,id)<(?,?))",
        ),
        (
            page_of(TaskFilter(states=frozenset({TaskState.FAILED}))),
            "ix_tasks_state " + ROWS_OF_A_LIST.format("state"),
        ),
        (
            page_of(TaskFilter(job="discover-sets", states=frozenset({TaskState.FAILED}))),
            "ix_tasks_job_state (workspace=? AND job=? AND state=? AND (created_at,id)<(?,?))",
        ),
        (
            page_of(TaskFilter(parent_id=uuid4())),
            "ix_tasks_parent_id (parent_id=?)",
        ),
        (
            page_of(TaskFilter(fairness_key="shop")),
            "ix_tasks_fairness_key " + ROWS_OF_A_LIST.format("fairness_key"),
        ),
        (accepted_lately, "ix_tasks_created_at (workspace=? AND created_at>?)"),
        (ended_lately, "ix_tasks_finished_at (workspace=? AND finished_at>?)"),
        (changed_lately, "ix_tasks_state (workspace=? AND state=?)"),
        (reconciled, "ix_tasks_started (id>?)"),
        (relayed, "ix_tasks_unstarted"),
        (to_cancel, "ix_tasks_cancel_requested_at"),
        (let_go_on, "ix_tasks_let_go_on"),
        (effects_of(), "ix_effects_created_at (workspace=? AND (created_at,id)<(?,?))"),
        (effects_of([EffectState.UNKNOWN]), "ix_effects_state " + ROWS_OF_A_LIST.format("state")),
        (abandoned, "ix_effects_open (kind=?)"),
        (in_doubt, "ix_effects_open"),
        (outcomes, "COVERING INDEX ix_wishlist_notifications_state (workspace=?)"),
        (resends, "ix_effects_resends (workspace=? AND resends>?)"),
    ],
)
async def test_each_look_takes_the_index_that_finds_few_rows(
    sqlite_database: Database, look: Callable[[Session], Awaitable[None]], index: str
) -> None:
    """A workspace has millions of rows: an index that begins with the workspace is right for pages only."""
    steps = await plan_of(sqlite_database, look)

    assert index in steps
    assert ("TEMP B-TREE" in steps) == ("parent_id" in index)  # no list is sorted, but that of some steps


@pytest.mark.parametrize(
    ("task_filter", "index", "states"),
    [
        (TaskFilter(states=frozenset({TaskState.FAILED, TaskState.QUEUED})), "ix_tasks_state", 2),
        (TaskFilter(job="discover-sets"), "ix_tasks_job_state", 6),
    ],
)
async def test_a_page_of_several_states_is_made_of_their_pages(
    sqlite_database: Database, task_filter: TaskFilter, index: str, states: int
) -> None:
    """The index has each state's tasks in order: of millions in another state none is looked at."""
    plan = await plan_of(sqlite_database, page_of(task_filter))

    assert states == plan.count(index)
    assert states == plan.count("state=? AND (created_at,id)<(?,?)")


async def test_progress_writes_no_index(postgresql_database: Database) -> None:
    """PostgreSQL then writes the row's new version beside the old one, and nothing else."""
    tasks = [await accepted(postgresql_database) for _ in range(10)]
    for each in tasks:
        await begin(postgresql_database, each)
    before = await updates(postgresql_database)

    for processed in range(10):
        for each in tasks:
            await report(postgresql_database, each, processed, 10)
    after = await updates(postgresql_database)

    written, beside = (later - earlier for earlier, later in zip(before, after, strict=True))
    assert 100 == written
    assert 90 <= beside  # but for those for which a page had no room


async def updates(database: Database) -> tuple[int, int]:
    """Return how many rows of tasks were updated, and how many of them without a write to an index."""
    async with database.engine.connect() as connection:
        await connection.exec_driver_sql("SELECT pg_stat_force_next_flush()")
        await connection.commit()
        found = await connection.exec_driver_sql(
            "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'tasks'"
        )
        row = found.one()
        return int(row.n_tup_upd), int(row.n_tup_hot_upd)
