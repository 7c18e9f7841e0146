"""Flows on the command line: the program as it is typed."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from client.cli.console import BAD_INPUT, FAILED, SUCCESS
from contracts.cards import DiscoverSets
from contracts.flows import OpenedStep
from contracts.tasks import FinishTask, TaskError, TaskState
from storage.database import Session
from storage.tasks import StepRepository, TaskRepository
from tests.service import Service
from workflows.cards import DISCOVER_SETS

PROJECT = Path(__file__).parents[2]
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def mainspring(workerless: Service, tmp_path: Path) -> Command:
    """Give a function that runs the program on the test's service, whose worker the test runs."""
    environment = os.environ | {
        "MAINSPRING_DATABASE_URL": str(workerless.database.url),
        "MAINSPRING_STATE_DIR": str(tmp_path),
        "TEMPORAL_ADDRESS": workerless.temporal.service_client.config.target_host,
        "TEMPORAL_NAMESPACE": workerless.temporal.namespace,
        "PYTHONPATH": str(PROJECT),
    }

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "client", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    return run


def card_flow(account: UUID | str, **last: Any) -> str:
    """Return the input of a flow of the three card jobs as it is typed; `last` changes the third."""
    given = {"account_id": str(account)}
    steps: list[dict[str, Any]] = [
        {"name": "sets", "job": "discover-sets", "input": given},
        {"name": "cards", "job": "sync-tracked-sets", "input": given, "needs": ["sets"]},
        {"name": "prices", "job": "update-inventory-prices", "input": given, "needs": ["cards"]} | last,
    ]
    return json.dumps({"steps": steps})


async def in_thread(command: Command, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command while this process works."""
    return await asyncio.to_thread(command, *arguments)


async def test_three_card_jobs_run_as_a_flow(workerless: Service, mainspring: Command) -> None:
    """The table of steps is printed at the end, and `tasks show` has the children too."""
    account = await workerless.add_account(games=["pokemon"])
    async with workerless.worker():
        done = await in_thread(mainspring, "run", "run-flow", "--input", card_flow(account))
        (flow,) = [task for task in await workerless.all_tasks() if task.job == "run-flow"]
        shown = await in_thread(mainspring, "tasks", "show", str(flow.id))
        as_json = await in_thread(mainspring, "tasks", "show", str(flow.id), "--json")

    assert SUCCESS == done.returncode, done
    for said in (done.stdout, shown.stdout):
        assert 3 == said.count("completed ")
        assert all(name in said for name in ("sets", "cards", "prices"))
    assert 3 == len(json.loads(as_json.stdout)["children"])
    assert "child task" in shown.stdout


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ({"job": "update-prices"}, "input.steps.2.job: no job is called 'update-prices'"),
        ({"needs": ["prices"]}, "input.steps.2.needs: a cycle: prices needs prices"),
        ({"input": {"account_id": 7}}, "input.steps.2.input.account_id: 7 is not accepted"),
        ({"input": {}}, "input.steps.2.input.account_id: Field required"),
        ({"name": ""}, "input.steps.2.name: '' is not accepted"),
    ],
)
async def test_a_flow_that_cannot_run_is_refused(
    mainspring: Command, last: dict[str, Any], said: str
) -> None:
    """Exit code 2, and the path of the fault."""
    done = mainspring("run", "run-flow", "--input", card_flow(uuid4(), **last))

    assert (BAD_INPUT, "") == (done.returncode, done.stdout)
    assert said in done.stderr


async def test_a_failed_flow_is_retried_with_another_input(workerless: Service, mainspring: Command) -> None:
    """The step that failed is shown with its error; the retry runs what is missing."""
    account = await workerless.add_account(games=["pokemon"])
    faulty = card_flow(account, input={"account_id": str(uuid4())})
    async with workerless.worker():
        failed = await in_thread(mainspring, "run", "run-flow", "--input", faulty)
        (flow,) = [task for task in await workerless.all_tasks() if task.job == "run-flow"]
        retried = await in_thread(
            mainspring, "tasks", "retry", str(flow.id), "--input", card_flow(account), "--from", "cards"
        )

    assert FAILED == failed.returncode
    assert "AccountUnknown in prices" in failed.stdout.replace("\n", " ")
    assert SUCCESS == retried.returncode, retried
    assert 2 + 3 == len([task for task in await workerless.all_tasks() if task.parent_id is not None])


async def failed_task(service: Service) -> UUID:
    """Make a failed task with one step."""
    started = await service.jobs.start(DISCOVER_SETS, DiscoverSets(account_id=uuid4()))

    async def fail(session: Session) -> None:
        now = datetime.now(UTC)
        await StepRepository(session).open(started.id, [OpenedStep(name="fetch")], now=now)
        error = TaskError(at=now, step="fetch", error_type="Refused", message="no")
        finish = FinishTask(task_id=started.id, state=TaskState.FAILED, error=error)
        await TaskRepository(session).finish(finish, now=now)

    await service.database.transact(fail)
    return started.id


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "fetsh"), "has no step 'fetsh': its steps are fetch"),
        (("--input", '{"account_id": "nobody"}'), "input.account_id: 'nobody' is not accepted"),
        (("--input", "{"), "--input: '{' is not JSON"),
    ],
)
async def test_a_retry_that_cannot_be_is_refused(
    workerless: Service, mainspring: Command, arguments: tuple[str, str], said: str
) -> None:
    """Exit code 2, what is not accepted, and no new task."""
    task_id = await failed_task(workerless)
    done = mainspring("tasks", "retry", str(task_id), *arguments)

    assert BAD_INPUT == done.returncode
    assert said in done.stderr
    assert 1 == len(await workerless.all_tasks())
