"""Temporal's own tools start, end and cancel jobs beside ours, and the ledger is right about all of them."""

import base64
import json
import time

import pytest

from mainspring.client.service import Service
from mainspring.contracts.tasks import Task, TaskFilter, TaskState
from tests.acceptance.running_service import RunningService
from tests.acceptance.temporal_tools import WebUi, temporal_client

PRICES = "update-inventory-prices"


def task_of(running: RunningService, workflow_id: str, *states: TaskState) -> Task:
    """Wait until the workflow has a task in one of these states."""

    async def look(service: Service) -> list[Task]:
        tasks = await service.tasks.find(TaskFilter(states=states), limit=200)
        return [task for task in tasks if task.workflow_id.startswith(workflow_id)]

    (task,) = running.until(lambda: running.ask(look), is_so=bool)
    return task


def swept(running: RunningService, workflow_id: str) -> Task:
    """Run the sweep until the workflow's task is FAILED; a trigger right after another one counts once."""

    async def sweep_and_look(service: Service) -> list[Task]:
        tasks = await service.tasks.find(TaskFilter(states=frozenset({TaskState.FAILED})), limit=200)
        found = [task for task in tasks if task.workflow_id == workflow_id]
        if not found:
            await service.schedules.trigger("reconcile-tasks")
            time.sleep(1.5)  # noqa: ASYNC251  # nothing else runs here
        return found

    (task,) = running.until(lambda: running.ask(sweep_and_look), is_so=bool)
    return running.task(task.id)


def test_the_temporal_program_starts_a_job(running: RunningService) -> None:
    """With the job's name and its input as JSON, as the documentation says it."""
    account_id = str(running.add_account("By-hand", plan="Starter"))
    given = json.dumps({"account_id": account_id})
    queue = ("--task-queue", "mainspring", "--workflow-id", "by-hand")
    temporal_client(running, "workflow", "start", "--type", PRICES, *queue, "--input", given)
    task = task_of(running, "by-hand", TaskState.SUCCESS)
    assert (PRICES, "temporal", 40) == (task.job, task.triggered_by, task.processed)
    assert account_id == task.input["account_id"]
    assert str(task.id)[:8] in running.command_line.succeed("tasks", "list")


def test_a_schedule_made_by_hand_starts_a_job(running: RunningService) -> None:
    """The ledger names the schedule."""
    account_id = str(running.add_account("Nightly", plan="Starter"))
    action = ("--type", PRICES, "--task-queue", "mainspring", "--workflow-id", "nightly")
    given = json.dumps({"account_id": account_id})
    options = ("--schedule-id", "nightly", "--interval", "24h", "--input", given)
    temporal_client(running, "schedule", "create", *options, *action)
    temporal_client(running, "schedule", "trigger", "--schedule-id", "nightly")
    task = task_of(running, "nightly-", TaskState.SUCCESS)
    assert ("schedule nightly", account_id) == (task.triggered_by, task.input["account_id"])
    assert f"{str(task.id)[:8]}  {PRICES}" in running.command_line.succeed("tasks", "list")


def test_the_web_ui_starts_and_terminates_a_job(running: RunningService) -> None:
    """Terminated, a workflow runs no code any more: the sweep says FAILED, and by what."""
    account_id = str(running.add_account("By-mouse", day=1))
    data = base64.b64encode(json.dumps({"account_id": account_id}).encode()).decode()
    encoding = base64.b64encode(b"json/plain").decode()
    web_ui = WebUi(running)
    start = {
        "workflowType": {"name": PRICES},
        "taskQueue": {"name": "mainspring"},
        "input": {"payloads": [{"metadata": {"encoding": encoding}, "data": data}]},
    }
    web_ui.post("workflows/by-mouse", start)
    task = task_of(running, "by-mouse", TaskState.WAITING)
    assert (account_id, "temporal") == (task.input["account_id"], task.triggered_by)

    web_ui.post("workflows/by-mouse/terminate", {"reason": "by the operator"})
    running.command_line.succeed("schedules", "trigger", "reconcile-tasks")
    ended = swept(running, "by-mouse")
    assert (task.id, TaskState.FAILED, None, 20) == (
        ended.id,
        ended.state,
        ended.waiting_for,
        ended.processed,
    )
    assert ["terminated: by the operator"] == [error.message for error in ended.errors]
    assert "terminated: by the operator" in running.command_line.succeed("tasks", "show", str(task.id))


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ('{"account_id": "by-accident"}', "Input should be a valid UUID"),
        ("{}", "account_id\n  Field required"),
        ('"all of them"', "Input should be an object"),
    ],
)
def test_bad_input_is_a_failed_task_after_the_sweep(
    given: str, complaint: str, running: RunningService
) -> None:
    """It fails before it can write a row, so the sweep makes one with pydantic's message."""
    workflow_id = f"bad-{abs(hash(given))}"
    queue = ("--task-queue", "mainspring", "--workflow-id", workflow_id)
    temporal_client(running, "workflow", "start", "--type", PRICES, *queue, "--input", given)
    task = swept(running, workflow_id)
    assert (PRICES, "temporal", "ValidationError") == (task.job, task.triggered_by, task.errors[0].error_type)
    assert complaint in task.errors[0].message


def test_a_job_started_by_hand_is_cancelled_by_us_and_the_other_way_round(running: RunningService) -> None:
    """CANCELLED both times, what was fetched stays, and the rest is still due."""
    given = json.dumps({"account_id": str(running.add_account("Cancelled-by-us", day=1))})
    queue = ("--task-queue", "mainspring", "--workflow-id", "ours-to-cancel")
    temporal_client(running, "workflow", "start", "--type", PRICES, *queue, "--input", given)
    by_hand = task_of(running, "ours-to-cancel", TaskState.WAITING)
    running.command_line.succeed("tasks", "cancel", str(by_hand.id))

    ours = running.start_one_that_waits("Cancelled-by-hand")
    temporal_client(running, "workflow", "cancel", "--workflow-id", ours.workflow_id)
    task_of(running, ours.workflow_id, TaskState.CANCELLED)

    for account, task in (("Cancelled-by-us", by_hand), ("Cancelled-by-hand", ours)):
        ended = running.task(task.id)
        assert (TaskState.CANCELLED, 20, None) == (ended.state, ended.processed, ended.resumes_at)
        assert () == ended.errors
        running.change_plan(account, "Starter")
        rest = running.command_line.json("run", PRICES, "--account", account)
        assert ("SUCCESS", 20) == (rest["state"], rest["result"]["updated"])
