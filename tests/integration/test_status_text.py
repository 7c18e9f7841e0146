"""Why a task does not go on, as the command line says it; the ledger is a real one."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from temporalio.client import Client

from mainspring.cli.follow import follow
from mainspring.client.jobs import Jobs
from mainspring.client.tasks.status_text import TURN_NOT_COME, note
from mainspring.contracts.tasks import NewTask, Task, TaskError, TaskFilter, TaskState
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import (
    Acknowledgement,
    AcknowledgementStore,
    QueueStore,
    TaskIntake,
    WorkspaceTasks,
)
from tests.ledger_writes import FAILURE, accepted, begin, finish, log_error

JOB = "tell-somebody"
NOW = datetime.now(UTC)
AGAIN = NOW + timedelta(hours=2)


def error(attempt: int) -> TaskError:
    """Return how an attempt failed."""
    return TaskError(
        at=NOW, step="tell", error_type="Unreachable", message=f"no answer {attempt}\nmore", attempt=attempt
    )


async def add_batched(database: Database, **more: object) -> UUID:
    """Accept a task of a batched queue."""
    new = NewTask(
        id=uuid4(), job=JOB, workflow_id="drain", dedupe_key=None, input={}, is_pooled=True
    ).model_copy(update=more)
    await database.transact(lambda session: TaskIntake(session).enqueue([new], now=NOW))
    return new.id


async def fail_attempt(database: Database, task_id: UUID, attempt: int) -> None:
    """Let an attempt fail that is made again later."""

    async def work(session: Session) -> None:
        at = NOW if attempt == 1 else AGAIN
        await QueueStore(session).claim(JOB, "run/1", limit=1, now=at)
        acknowledgement = Acknowledgement(
            task_id, TaskState.RUNNING, error=error(attempt), next_attempt_at=AGAIN, failures=attempt
        )
        await AcknowledgementStore(session).acknowledge("run/1", [acknowledgement], now=at)

    await database.transact(work)


async def found(database: Database, wanted: TaskFilter | None = None) -> list[Task]:
    """List tasks."""
    return await database.read(lambda session: WorkspaceTasks(session, DEFAULT_WORKSPACE).find(wanted))


async def test_a_pooled_task_between_attempts_says_why_and_when(database: Database) -> None:
    """In the list too, where the error log is not read whole: its last entry is."""
    task_id = await add_batched(database)
    await fail_attempt(database, task_id, 1)
    await fail_attempt(database, task_id, 2)

    (task,) = await found(database)

    assert note(task).startswith("attempt 3 at ")
    assert note(task).endswith("Unreachable: no answer 2")
    assert "attempt 2 of tell failed at" in note(task)


async def test_a_running_task_says_how_its_last_attempt_failed(database: Database) -> None:
    """Its activity is tried again: the log knows why, Temporal knows when."""
    task_id, _ = await begin(database, await accepted(database))
    await log_error(database, task_id, FAILURE)

    (task,) = await found(database)

    assert f"attempt {FAILURE.attempt} of {FAILURE.step} failed at" in note(task)
    assert note(task).endswith(f"{FAILURE.error_type}: {FAILURE.message}")


async def test_a_log_that_follows_a_task_has_each_failed_attempt(
    sqlite_database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it happens; how the task ended is said by its outcome."""
    task_id, _ = await begin(sqlite_database, await accepted(sqlite_database))
    temporal = TemporalGateway(await Client.connect("127.0.0.1:1", lazy=True), "mainspring")
    following = asyncio.create_task(follow(Jobs(sqlite_database, temporal, SystemClock()).tasks, task_id))
    lines: list[str] = []

    for attempt in (1, 2):
        await log_error(sqlite_database, task_id, error(attempt))
        while not any(f"attempt {attempt} of tell failed at" in line for line in lines):
            await asyncio.sleep(0.01)
            lines += capsys.readouterr().out.splitlines()
    await finish(sqlite_database, task_id, TaskState.FAILED, error=error(3))
    await following

    assert ["no answer 1", "no answer 2"] == [line[-11:] for line in lines if "attempt" in line]
    assert "no answer 3" not in capsys.readouterr().out


async def test_a_pooled_task_is_not_said_to_wait_for_the_relay(database: Database) -> None:
    """Temporal never knows it; it waits for its turn, or for its time."""
    await add_batched(database)
    (found_now,) = await found(database)
    now = datetime.now(UTC)  # the note's own clock: this module was imported long ago
    waiting = found_now.model_copy(update={"created_at": now})
    old = waiting.model_copy(update={"created_at": now - timedelta(minutes=1)})
    later = waiting.model_copy(update={"starts_at": AGAIN})

    assert ["starting", TURN_NOT_COME, True] == [
        note(waiting),
        note(old),
        note(later).startswith("starts at "),
    ]


async def test_what_other_tasks_made_can_be_left_out(database: Database) -> None:
    """Thousands of deliveries and steps do not hide the task that somebody started."""
    top = await add_batched(database, job="top", fairness_key="shop")
    child = await add_batched(database, parent_id=top)
    delivery = await add_batched(database, job="deliver")

    assert {top, child, delivery} == {task.id for task in await found(database)}
    assert {top, delivery} == {task.id for task in await found(database, TaskFilter(top=True))}
    assert {top} == {
        task.id for task in await found(database, TaskFilter(top=True, without=frozenset({"deliver"})))
    }
    assert {top} == {task.id for task in await found(database, TaskFilter(fairness_key="shop"))}
