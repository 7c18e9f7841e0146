"""What a look at a full ledger costs, and a start: on SQLite and on PostgreSQL in one run.

`python -m benchmarks.ledger --tasks 1000000` fills both databases with tasks and effects of 500
workspaces. It prints for each look its statements, the milliseconds of its fastest turn of five, and the
tables that its plans go through from end to end.
"""

import argparse
import asyncio
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from benchmarks.statements import statements_of
from mainspring.contracts.effects import EffectState
from mainspring.contracts.failures import FailureFilter
from mainspring.contracts.tasks import NewTask, TaskFilter, TaskState
from mainspring.storage.database import Database, Session
from mainspring.storage.effects import WorkspaceEffects
from mainspring.storage.ledger import FailureStore, QueueQueries, TaskIntake, TaskQueries, WorkspaceTasks
from mainspring.storage.migrate import upgrade
from tests.postgres import postgres_server

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
OWN = "w1"
WORKSPACES = 500

NUMBERS = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :most)",
    "postgresql": "WITH n(i) AS (SELECT generate_series(1, :most))",
}
ID = {"sqlite": "printf('%032x', i)", "postgresql": "lpad(to_hex(i), 32, '0')::uuid"}
AT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f000', '2026-11-01', '+' || i || ' seconds')",
    "postgresql": "timestamptz '2026-11-01 00:00Z' + i * interval '1 second'",
}

# One in a hundred tasks is FAILED, one in a thousand still active, one in ten waits in a queue.
TASKS = """
INSERT INTO tasks (id, job, state, workflow_id, run_id, workspace, fairness_key, input, progress, processed,
    priority, triggered_by, is_pooled, attempts, fingerprint, error_type, error_message, pool_turn,
    created_at, started_at, finished_at, updated_at)
{numbers} SELECT {id}, CASE WHEN i % 10 = 0 THEN 'queued-job' ELSE 'job-' || (i % 5) END,
    CASE WHEN i % 10 = 0 THEN 'QUEUED' WHEN i % 1000 = 1 THEN 'RUNNING' WHEN i % 100 = 1 THEN 'FAILED'
        ELSE 'SUCCESS' END,
    'w-' || i, CASE WHEN i % 10 = 0 THEN NULL ELSE 'r-' || i END, 'w' || (i % {workspaces}),
    'w' || (i % {workspaces}), '{{}}', 0, 0, 3, 'client', i % 10 = 0, 0,
    CASE WHEN i % 100 = 1 AND i % 1000 <> 1 THEN 'f' || (i % 7) END, 'E', 'e',
    CASE WHEN i % 10 = 0 THEN i / 10 END, {at}, {at}, {at}, {at}
FROM n
"""
# One in a thousand effects is in doubt.
EFFECTS = """
INSERT INTO effects (id, workspace, kind, dedupe_key, owner, state, on_unknown, reference, recipient,
    attempts, resends, task_id, created_at)
{numbers} SELECT {id}, 'w' || (i % {workspaces}), 'mail', 'k' || i, 'u' || (i % 10000),
    CASE WHEN i % 1000 = 1 THEN 'unknown' ELSE 'sent' END, 'resend', '<' || i || '@shop>', 'a@example.org', 1,
    CASE WHEN i % 1000 = 1 THEN 1 ELSE 0 END, {id}, {at}
FROM n
"""

Look = Callable[[Session], Awaitable[Any]]


def looks() -> dict[str, Look]:
    """Return each look by its name."""
    page = (NOW, UUID(int=2**127))

    def tasks(task_filter: TaskFilter | None = None) -> Look:
        return lambda session: WorkspaceTasks(session, OWN).find(task_filter, before=page)

    def effects(*states: EffectState) -> Look:
        return lambda session: WorkspaceEffects(session, OWN).find(states, before=page, limit=50)

    return {
        "tasks list": tasks(),
        "tasks list --state": tasks(TaskFilter(states=frozenset({TaskState.FAILED}))),
        "tasks list --job": tasks(TaskFilter(job="job-1")),
        "tasks list --fairness-key": tasks(TaskFilter(fairness_key=OWN)),
        "tasks show (steps)": lambda session: WorkspaceTasks(session, OWN).children(uuid4()),
        "failures list": lambda session: FailureStore(session, OWN).groups(FailureFilter()),
        "effects list": effects(),
        "effects list --state": effects(EffectState.UNKNOWN),
        "reconciler, a page": lambda session: TaskQueries(session).active_started(
            untouched_since=NOW, after=UUID(int=1), limit=100
        ),
        "relay, a page": lambda session: TaskQueries(session).unstarted(limit=100, created_before=NOW),
        "an empty queue": lambda session: QueueQueries(session).queue("idle-job", at_most=200, now=NOW),
        "who holds a workflow id": lambda session: TaskQueries(session).held_by_active(["w-5"]),
        "start of 500 in 500 workspaces": starts(WORKSPACES),
        "start of 1": starts(1),
    }


def starts(number: int) -> Look:
    """Return the start of tasks of a batched queue, each of another workspace, which is taken back."""

    async def enqueue(session: Session) -> None:
        tasks = [
            NewTask(
                id=uuid4(),
                job="queued-job",
                workflow_id=f"start-{uuid4()}",
                dedupe_key=None,
                input={},
                workspace=f"w{each}",
                fairness_key=f"w{each}",
                is_pooled=True,
            )
            for each in range(number)
        ]
        async with session.begin_nested() as savepoint:
            await TaskIntake(session).enqueue(tasks, now=NOW)
            await savepoint.rollback()

    return enqueue


async def measure(database: Database, look: Look) -> tuple[int, float, set[str]]:
    """Return a look's statements, the milliseconds of its fastest turn, and the tables gone through."""
    with statements_of(database) as sent:
        await database.transact(look)
    fastest = timedelta.max.total_seconds()
    for _ in range(5):
        began = time.perf_counter()
        await database.transact(look)
        fastest = min(fastest, time.perf_counter() - began)
    asked = [each for each in sent.statements if each[0].startswith("SELECT")]
    scanned = {table for each in asked for table in await scans(database, *each)} & {"tasks", "effects"}
    return len([each for each in sent.statements if "SAVEPOINT" not in each[0]]), 1000 * fastest, scanned


async def scans(database: Database, statement: str, values: Any) -> set[str]:
    """Return the tables that the plan of a statement goes through without an index."""
    explain = "EXPLAIN QUERY PLAN" if database.is_sqlite else "EXPLAIN"
    async with database.engine.connect() as connection:
        rows = await connection.exec_driver_sql(f"{explain} {statement}", values)
        steps = [str(row[-1]) for row in rows]
    sign = "SCAN " if database.is_sqlite else "Seq Scan on "
    return {step.split(sign)[1].split()[0] for step in steps if sign in step and "INDEX" not in step}


async def fill(database: Database, most: int) -> None:
    """Write tasks and effects."""
    kind = "sqlite" if database.is_sqlite else "postgresql"
    words = {"numbers": NUMBERS[kind], "id": ID[kind], "at": AT[kind], "workspaces": WORKSPACES}
    async with database.engine.begin() as connection:
        for statement in (TASKS, EFFECTS):
            await connection.execute(text(statement.format(**words)), {"most": most})
    async with database.engine.connect() as connection:
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).exec_driver_sql("ANALYZE")


@asynccontextmanager
async def databases() -> AsyncIterator[dict[str, Database]]:
    """Give an empty database of each kind, with the schema."""

    async def prepare(_: Database) -> None:
        """Leave the template as it is."""

    with tempfile.TemporaryDirectory() as folder, postgres_server(prepare) as server:
        made = {
            "SQLite": Database(f"sqlite+aiosqlite:///{Path(folder)}/ledger.db"),
            "PostgreSQL": Database(server.url(await server.create_empty())),
        }
        for database in made.values():
            await upgrade(database)
        yield made
        for database in made.values():
            await database.dispose()


async def main(most: int) -> None:
    """Print a table."""
    async with databases() as made:
        for database in made.values():
            await fill(database, most)
        print(f"{most:,} tasks and as many effects\n")
        print(f"{'':<32}" + "".join(f"{name:>28}" for name in made))
        print(f"{'look':<32}" + f"{'statements':>12}{'ms':>8}{'scans':>8}" * len(made))
        for name, look in looks().items():
            cells = []
            for database in made.values():
                count, milliseconds, scanned = await measure(database, look)
                cells.append(f"{count:>12}{milliseconds:>8.1f}{', '.join(sorted(scanned)) or '-':>8}")
            print(f"{name:<32}" + "".join(cells), flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_000_000)
    asyncio.run(main(parser.parse_args().tasks))
