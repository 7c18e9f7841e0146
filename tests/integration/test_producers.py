"""Producers that are not ours: a Node process, and the delayed jobs of another queue."""

import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from mainspring.contracts.cards import RefreshDueAccounts
from mainspring.contracts.tasks import TaskState
from mainspring.storage.ledger.rows import queued_row
from mainspring.workflows.cards import REFRESH_DUE_ACCOUNTS
from mainspring.workflows.runtime.catalogue import UnknownJob
from tests.service import Service

EXAMPLES = Path(__file__).parents[2] / "examples"
NODE = shutil.which("node")


def node_statements(*requests: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what the example in Node would execute for these tasks."""
    program = f"""
    import {{ startTask }} from {json.dumps(str(EXAMPLES / "node" / "start-task.mjs"))};
    const requests = {json.dumps(requests)};
    const dated = (each) => each.startsAt ? {{...each, startsAt: new Date(each.startsAt)}} : each;
    console.log(JSON.stringify(requests.map(dated).map(startTask)));
    """
    command = [NODE or "node", "--input-type=module", "-"]
    done = subprocess.run(command, input=program, capture_output=True, text=True, check=True, timeout=60)
    statements: list[dict[str, Any]] = json.loads(done.stdout)
    return statements


@pytest.mark.skipif(NODE is None, reason="there is no node")
@pytest.mark.parametrize("service_database", ["postgresql"], indirect=True)
async def test_a_node_process_starts_tasks_in_its_own_transaction(service: Service) -> None:
    """By a row of the ledger, which the relay starts; an active task of its key allows no second one."""
    later = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1)
    refresh = {"job": REFRESH_DUE_ACCOUNTS.name, "input": {}, "key": "all"}
    shop = {"workspace": "shop/8%", "startsAt": later.isoformat(), "priority": 1, "fairnessKey": "k"}
    first, second, rolled_back, elsewhere = node_statements(
        refresh, refresh, refresh | {"workspace": "shop-7"}, refresh | shop
    )
    connection = await asyncpg.connect(
        service.database.url.set(drivername="postgresql").render_as_string(hide_password=False)
    )

    async def execute(statement: dict[str, Any]) -> UUID | None:
        found: UUID | None = await connection.fetchval(statement["text"], *statement["values"])
        return found

    task_id = await execute(first)
    assert await execute(second) is None
    undone = connection.transaction()
    await undone.start()
    assert await execute(rolled_back) is not None
    await undone.rollback()
    later_id = await execute(elsewhere)
    rows = {row["id"]: dict(row) for row in await connection.fetch("SELECT * FROM tasks")}
    await connection.close()

    assert task_id is not None
    assert later_id is not None
    expected = {
        task_id: _accepted(task_id),
        later_id: _accepted(later_id, workspace="shop/8%", priority=1, starts_at=later, fairness_key="k"),
    }
    assert expected == {key: {name: rows[key][name] for name in expected[key]} for key in rows}
    service.clock.advance(timedelta(minutes=1))  # the relay leaves alone what was accepted just now
    await service.relay()
    assert TaskState.SUCCESS == (await service.wait(task_id)).state


def _accepted(task_id: UUID, *, fairness_key: str | None = None, **asked: Any) -> dict[str, Any]:
    """Return the columns of a task that our own client accepts."""
    task = REFRESH_DUE_ACCOUNTS.task(task_id, RefreshDueAccounts(), triggered_by="node", **asked)
    columns = queued_row(task, datetime.now(UTC)) | {"fairness_key": fairness_key}
    return {
        name: json.dumps(value) if name == "input" else value
        for name, value in columns.items()
        if name not in {"created_at", "updated_at"}
    }


def example(path: str) -> Any:
    """Load a module of the examples, which are in no package."""
    spec = spec_from_file_location("example", EXAMPLES / path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def test_the_delayed_jobs_of_another_queue_are_started_together(workerless: Service) -> None:
    """Each for its time; when one is refused none is started, so that the file is loaded again."""
    later = datetime.now(UTC) + timedelta(days=1)
    lines = [
        json.dumps({"job": "refresh-due-accounts", "input": {}, "at": later.isoformat(), "priority": 2}),
        json.dumps({"job": "wishlist-sale-check", "input": {}, "at": later.isoformat()}),
    ]
    moving = example("moving/start_delayed.py")
    with pytest.raises(UnknownJob):
        await moving.start_delayed(workerless, [*lines, lines[0].replace("refresh", "refersh")])
    assert [] == await workerless.all_tasks()

    assert 2 == await moving.start_delayed(workerless, lines)
    assert {("refresh-due-accounts", 2, later), ("wishlist-sale-check", 3, later)} == {
        (task.job, task.priority, task.starts_at) for task in await workerless.all_tasks()
    }
