"""Flows on the command line: the program as it is typed."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from mainspring.cli.console import BAD_INPUT, FAILED, SUCCESS
from mainspring.contracts.cards import DiscoverSets
from mainspring.contracts.flows import OpenedStep
from mainspring.contracts.tasks import FinishTask, TaskError, TaskState
from mainspring.storage.database import Session
from mainspring.storage.ledger import ErrorLog, StepStore, TaskWriter
from mainspring.workflows.cards import DISCOVER_SETS
from tests.acceptance.command_line import CommandLine, TaskDone
from tests.service import Service


@pytest.fixture
def mainspring(workerless: Service, command_line: CommandLine) -> CommandLine:
    """Give the program on the test's service, whose worker the test runs."""
    return command_line.setting(
        MAINSPRING_DATABASE_URL=str(workerless.database.url),
        TEMPORAL_ADDRESS=workerless.temporal_client.service_client.config.target_host,
        TEMPORAL_NAMESPACE=workerless.temporal_client.namespace,
    )


def card_flow(account: UUID | str, **last: Any) -> str:
    """Return the input of a flow of the three card jobs as it is typed; `last` changes the third."""
    given = {"account_id": str(account)}
    steps: list[dict[str, Any]] = [
        {"name": "sets", "job": "discover-sets", "input": given},
        {"name": "cards", "job": "sync-tracked-sets", "input": given, "needs": ["sets"]},
        {"name": "prices", "job": "update-inventory-prices", "input": given, "needs": ["cards"]} | last,
    ]
    return json.dumps({"steps": steps})


async def in_thread(mainspring: CommandLine, *arguments: str) -> TaskDone:
    """Run a command while this process works."""
    return await asyncio.to_thread(mainspring.run, *arguments)


async def test_three_card_jobs_run_as_a_flow(workerless: Service, mainspring: CommandLine) -> None:
    """The table of steps is printed at the end, and `tasks show` has the children too."""
    account = await workerless.add_account(games=["pokemon"])
    async with workerless.worker():
        done = await in_thread(mainspring, "run", "run-flow", "--input", card_flow(account))
        (flow,) = [task for task in await workerless.all_tasks() if task.job == "run-flow"]
        shown = await in_thread(mainspring, "tasks", "show", str(flow.id))
        as_json = await in_thread(mainspring, "tasks", "show", str(flow.id), "--json")

    assert SUCCESS == done.code, done
    for said in (done.out, shown.out):
        assert 3 == said.count("completed ")
        assert all(name in said for name in ("sets", "cards", "prices"))
    assert 3 == len(json.loads(as_json.out)["children"])
    assert "child task" in shown.out


@pytest.mark.parametrize(
    ("last", "said"),
    [
        ({"job": "update-prices"}, "input.steps.2.job: no job is called 'update-prices'"),
        ({"needs": ["prices"]}, "input.steps.2.needs: a cycle: prices needs prices"),
        ({"input": {"account_id": 7}}, "input.steps.2.input.account_id: 7 is not accepted"),
        ({"input": {}}, "input.steps.2.input.account_id: Field required"),
        ({"name": ""}, 'input.steps.2.name: "" is not accepted'),
    ],
)
async def test_a_flow_that_cannot_run_is_refused(
    mainspring: CommandLine, last: dict[str, Any], said: str
) -> None:
    """Exit code 2, and the path of the fault."""
    done = mainspring.run("run", "run-flow", "--input", card_flow(uuid4(), **last))

    assert (BAD_INPUT, "") == (done.code, done.out)
    assert said in done.err


async def test_a_failed_flow_is_retried_with_another_input(
    workerless: Service, mainspring: CommandLine
) -> None:
    """The step that failed is shown with its error; the retry runs what is missing."""
    account = await workerless.add_account(games=["pokemon"])
    faulty = card_flow(account, input={"account_id": str(uuid4())})
    async with workerless.worker():
        failed = await in_thread(mainspring, "run", "run-flow", "--input", faulty)
        (flow,) = [task for task in await workerless.all_tasks() if task.job == "run-flow"]
        retried = await in_thread(
            mainspring, "tasks", "retry", str(flow.id), "--input", card_flow(account), "--from", "cards"
        )

    assert FAILED == failed.code
    assert "AccountUnknown in prices" in failed.out.replace("\n", " ")
    assert SUCCESS == retried.code, retried
    assert 2 + 3 == len([task for task in await workerless.all_tasks() if task.parent_id is not None])


async def failed_task(service: Service) -> UUID:
    """Make a failed task with one step."""
    started = await service.jobs.start(DISCOVER_SETS, DiscoverSets(account_id=uuid4()))

    async def fail(session: Session) -> None:
        now = datetime.now(UTC)
        await StepStore(session).open(started.id, [OpenedStep(name="fetch")], now=now)
        error = TaskError(at=now, step="fetch", error_type="Refused", message="no")
        finish = FinishTask(task_id=started.id, state=TaskState.FAILED, error=error)
        await TaskWriter(session).finish(finish, now=now)

    await service.database.transact(fail)
    return started.id


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--from", "fetsh"), "has no step 'fetsh': its steps are fetch"),
        (("--input", '{"account_id": "nobody"}'), 'input.account_id: "nobody" is not accepted'),
        (("--input", "{"), "--input: '{' is not JSON"),
    ],
)
async def test_a_retry_that_cannot_be_is_refused(
    workerless: Service, mainspring: CommandLine, arguments: tuple[str, str], said: str
) -> None:
    """Exit code 2, what is not accepted, and no new task."""
    task_id = await failed_task(workerless)
    done = mainspring.run("tasks", "retry", str(task_id), *arguments)

    assert BAD_INPUT == done.code
    assert said in done.err
    assert 1 == len(await workerless.all_tasks())


async def test_a_retry_says_when_another_task_of_the_key_is_active(
    workerless: Service, mainspring: CommandLine
) -> None:
    """That one is not the new task; what it would not do is refused."""
    task_id = await failed_task(workerless)
    failed = await workerless.tasks.get(task_id)
    active = await workerless.jobs.start(DISCOVER_SETS, DiscoverSets.model_validate(failed.input))
    refused = mainspring.run("tasks", "retry", str(task_id), "--from", "fetch")
    plain = mainspring.run("tasks", "retry", str(task_id), "--no-wait")

    assert (FAILED, SUCCESS) == (refused.code, plain.code)
    assert f"task {active.id} of the same key is active" in refused.err
    assert f"no new task: task {active.id} of the same key is active\n" == plain.out


async def test_a_task_is_shown_with_the_stack_of_its_last_error(
    workerless: Service, mainspring: CommandLine
) -> None:
    """Three attempts fail in the same way: the others have a line each, and --json has all."""
    task_id = await failed_task(workerless)

    async def log(session: Session) -> None:
        for attempt in (1, 2, 3):
            error = TaskError(
                at=datetime.now(UTC),
                step="fetch",
                error_type="Refused",
                message="not today\nbut tomorrow",
                stack=f"stack of {attempt}",
                attempt=attempt,
            )
            await ErrorLog(session).append(task_id, error)

    await workerless.database.transact(log)
    shown = mainspring.run("tasks", "show", str(task_id)).out
    as_json = json.loads(mainspring.run("tasks", "show", str(task_id), "--json").out)

    assert (3, 1) == (shown.count("not today"), shown.count("but tomorrow"))
    assert [False, False, True] == [f"stack of {attempt}" in shown for attempt in (1, 2, 3)]
    assert ["", "stack of 1", "stack of 2", "stack of 3"] == [each["stack"] for each in as_json["errors"]]
