"""What each list and look of the HTTP API costs on a full ledger of one workspace, on both databases.

`python -m benchmarks.api_ledger` writes 1,000,000 ended tasks, 50,000 waiting ones, 5,000 failures, 200,000
effects and 200,000 entries of the audit log, then calls each GET of the OpenAPI document: as it is, with each
of its parameters, and with the cursor of its second page. It prints the statements, the middle and the worst
of the calls in ms, and the big tables of which a plan goes through every row.
"""

import argparse
import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Collection, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import text
from temporalio.client import Client

from benchmarks.ledger import AT, ID, NUMBERS, databases, scans
from benchmarks.statements import statements_of
from mainspring.api.app import api_of, document
from mainspring.client.service import service_of
from mainspring.config.settings import Settings
from mainspring.contracts.api_keys import Role
from mainspring.contracts.tasks import TaskState
from mainspring.gateways.clock import SystemClock
from mainspring.storage.database import Database
from mainspring.storage.ledger import WatchedTasks

OWN = "default"
CALLS = 20
SLOW = 1_000  # ms

# Parts of the tasks: those that wait, those that have failed, and those that run.
STATE = """CASE WHEN i % 21 = 0 THEN 'WAITING' WHEN i % 210 = 1 THEN 'FAILED' WHEN i % 1000 = 2 THEN 'RUNNING'
    ELSE 'SUCCESS' END"""
FILL = [
    f"""
INSERT INTO tasks (id, job, state, workflow_id, run_id, workspace, fairness_key, input, progress, processed,
    priority, triggered_by, is_pooled, attempts, fingerprint, error_type, error_message,
    created_at, started_at, finished_at, updated_at)
{{numbers}} SELECT {{id}}, CASE i % 2 WHEN 0 THEN 'run-flow' ELSE 'process-video' END,
    {STATE}, 'w-' || i, 'r-' || i, '{OWN}', 'shop-' || (i % 500),
    '{{{{}}}}',
    0, 0, 3, 'client', {{no}}, 0, CASE WHEN i % 210 = 1 THEN 'f00' || (i % 7) END, 'E', 'e',
    {{at}}, {{at}}, CASE WHEN i % 21 = 0 OR i % 1000 = 2 THEN NULL ELSE {{at}} END, {{at}}
FROM n
""",
    f"""
INSERT INTO effects (id, workspace, kind, dedupe_key, owner, state, on_unknown, reference, recipient,
    attempts, resends, task_id, created_at)
{{numbers}} SELECT {{id}}, '{OWN}', 'mail', 'k' || i, 'u' || (i % 10000),
    CASE WHEN i % 1000 = 1 THEN 'unknown' ELSE 'sent' END, 'resend', '<' || i || '@shop>', 'a@example.org', 1,
    CASE WHEN i % 1000 = 1 THEN 1 ELSE 0 END, {{id}}, {{at}}
FROM n WHERE i <= 200000
""",
    f"""
INSERT INTO audit_log (id, workspace, at, actor, action, subject)
{{numbers}} SELECT {{id}}, '{OWN}', {{at}}, 'key a',
    CASE WHEN i % 2 = 0 THEN 'start_job' ELSE 'retry_task' END, 'task ' || i
FROM n WHERE i <= 200000
""",
]
BIG = {"tasks", "effects", "audit_log", "task_errors"}

# Streams do not end; the others ask Temporal, or need what a mail has.
LEFT_OUT = ("/events", "/schedules", "/unsubscribe", "/wishlist-jobs", "/health", "/ready")

# A value that finds rows, and one that finds none, which has to look furthest.
VALUES = {
    "job": ["run-flow", "discover-sets"],
    "error_type": ["E", "nothing"],
    "group": ["f001", "0000"],
    "fairness_key": ["shop-7", "nothing"],
    "kind": ["mail", "nothing"],
    "actor": ["key a", "nothing"],
    "action": ["retry_task", "nothing"],
    "subject": ["task 77", "nothing"],
    "without": ["run-flow"],
    "user_id": ["anna"],
    "product_id": ["lamp-1"],
    "name": ["run-flow"],
}
SOME_ID = "00000000-0000-0000-0000-0000000000d3"  # a task that has failed


def calls() -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each call that is made: a path, and its query."""
    found = document()
    for path, operations in found["paths"].items():
        if "get" not in operations or any(part in path for part in LEFT_OUT):
            continue
        parameters = operations["get"].get("parameters", [])
        place = {each["name"]: values_of(each, found)[0] for each in parameters if each["in"] == "path"}
        called = path.format(**place)
        yield called, {}
        for each in [each for each in parameters if each["in"] == "query" and each["name"] != "after"]:
            for value in values_of(each, found):
                yield called, {each["name"]: value}


def values_of(parameter: dict[str, Any], found: dict[str, Any]) -> list[Any]:
    """Return values to try of a parameter."""
    schema = parameter["schema"]
    if "anyOf" in schema:
        schema = schema["anyOf"][0]
    kinds = schema.get("items", schema)
    if "$ref" in kinds:
        named: list[Any] = found["components"]["schemas"][kinds["$ref"].rsplit("/", 1)[1]]["enum"]
        return named
    if schema.get("type") == "boolean":
        return ["true", "false"]
    if schema.get("type") == "integer":
        return [schema["maximum"]]
    if schema.get("format") == "date-time":
        return ["2026-11-02T00:00:00Z", "2026-12-01T00:00:00Z"]
    return VALUES.get(parameter["name"], [SOME_ID])


async def fill(database: Database, most: int) -> None:
    """Write the rows, a statement for each table."""
    kind = "sqlite" if database.is_sqlite else "postgresql"
    words = {"numbers": NUMBERS[kind], "id": ID[kind], "at": AT[kind]}
    words["no"] = "0" if database.is_sqlite else "false"
    async with database.unhurried() as connection:
        for statement in FILL:
            await connection.execute(text(statement.format(**words)), {"most": most})
        await connection.commit()
        await (await connection.execution_options(isolation_level="AUTOCOMMIT")).exec_driver_sql("ANALYZE")


async def measure(database: Database, call: Callable[[], Awaitable[str]]) -> str:
    """Return a line on a call."""
    with statements_of(database) as sent:
        status = await call()
    took = []
    for _ in range(CALLS):
        began = time.perf_counter()
        await call()
        took.append((time.perf_counter() - began) * 1_000)
        if took[-1] > SLOW:  # one is enough
            break
    asked = [each for each in sent.statements if each[0].startswith(("SELECT", "WITH"))]
    scanned = {table for each in asked for table in await scans(database, *each)} & BIG
    p50, worst = statistics.median(took), max(took)
    plan = ", ".join(sorted(scanned)) or "index"
    return f"{status:>8}{len(sent.statements):>5}{p50:>9.1f}{worst:>9.1f}  {plan}"


async def walk(name: str, database: Database, folder: Path) -> None:
    """Call everything on one database."""
    settings = Settings(state_dir=folder)
    client = await Client.connect("127.0.0.1:1", lazy=True)
    service = service_of(settings, database, client, SystemClock(), workspace=OWN)
    made = await service.platform_keys.create("benchmark", Role.ADMIN)
    headers = {"Authorization": f"Bearer {made.text}"}
    transport = httpx.ASGITransport(api_of(service))
    print(f"\n{name}{'status':>75}{'stmts':>6}{'p50':>8}{'worst':>9}  plan")
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as http:

        async def line(path: str, query: dict[str, Any]) -> str | None:
            answers: list[httpx.Response] = []

            async def call() -> str:
                answers.append(await http.get(path, params=query))
                return str(answers[-1].status_code)

            shown = path + "".join(f" {key}={value}" for key, value in query.items())
            print(f"{shown:<74}{await measure(database, call)}", flush=True)
            body = answers[0].json()
            return body.get("next") if isinstance(body, dict) else None

        for path, query in calls():
            following = await line(path, query)
            if following and not query:
                await line(path, {"after": following})
    await watch(database)


async def watch(database: Database) -> None:
    """Show what a look for the streams of the workspace costs."""
    since = datetime.now(UTC) - timedelta(seconds=10)

    async def waits() -> str:
        await database.read(
            lambda session: WatchedTasks(session).changed([OWN], TaskState.WAITING, since, limit=5_001)
        )
        return "-"

    print(f"{'events: a look at all that wait':<74}{await measure(database, waits)}", flush=True)


async def main(most: int, chosen: Collection[str]) -> None:
    """Print a table for each database that is chosen."""
    async with databases() as made:
        for name, database in made.items():
            if name not in chosen:
                continue
            await fill(database, most)
            with tempfile.TemporaryDirectory() as folder:
                await walk(name, database, Path(folder))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=1_056_000)
    parser.add_argument("--database", nargs="+", default=["SQLite", "PostgreSQL"])
    options = parser.parse_args()
    asyncio.run(main(options.tasks, options.database))
