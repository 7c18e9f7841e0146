"""What `mainspring status` shows: counts, the oldest waits and why, and what is tried next."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from mainspring.client.ledger import Ledger
from mainspring.client.tasks.overview import overview_of, overview_view
from mainspring.client.tasks.status_text import ITS_TURN, NO_WORKER_RUNS, note
from mainspring.contracts.flows import StepResult, StepStatus
from mainspring.contracts.tasks import NewTask, TaskState
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.database import Database
from mainspring.storage.ledger import ErrorLog
from mainspring.storage.workers import WorkerRegister
from mainspring.testing.eventually import eventually
from tests.ledger_writes import FAILURE, begin, enqueue, finish, get
from tests.service import Service


async def add(database: Database, **more: object) -> UUID:
    """Accept a task an hour ago, and return its id."""
    new = NewTask(id=uuid4(), job="sync", workflow_id=str(uuid4()), dedupe_key=None, input={}, is_pooled=True)
    await enqueue(database, new.model_copy(update=more), now=datetime.now(UTC) - timedelta(hours=1))
    return new.id


async def test_its_turn_and_no_worker_are_told_apart(database: Database) -> None:
    """By what the workers say in the ledger; nobody asks Temporal."""
    task_id = await add(database)
    alone = await overview_of(database, DEFAULT_WORKSPACE)
    worker = uuid4()
    await database.transact(lambda session: WorkerRegister(session).say(worker, now=datetime.now(UTC)))
    beside = await overview_of(database, DEFAULT_WORKSPACE)

    assert (0, [(task_id, NO_WORKER_RUNS)]) == (
        alone.workers,
        [(each.task.id, each.reason) for each in alone.oldest],
    )
    assert (1, [(task_id, ITS_TURN)]) == (
        beside.workers,
        [(each.task.id, each.reason) for each in beside.oldest],
    )


async def test_what_waits_for_a_time_is_no_old_wait(database: Database) -> None:
    """It is in the list of what comes next, the soonest first, with its time."""
    soon, late = datetime.now(UTC) + timedelta(minutes=5), datetime.now(UTC) + timedelta(days=1)
    last, first = await add(database, starts_at=late), await add(database, starts_at=soon)
    failing = await add(database, is_pooled=False)
    await begin(database, failing)
    again = datetime.now(UTC) + timedelta(hours=1)
    await database.transact(lambda session: ErrorLog(session).append(failing, FAILURE, next_at=again))

    found = await overview_of(database, DEFAULT_WORKSPACE)

    assert ([], [first, failing, last]) == (
        [each.task.id for each in found.oldest],
        [each.task.id for each in found.next],
    )
    assert again == found.next[1].next_at
    assert "attempt 3 at " in found.next[1].reason
    assert {TaskState.QUEUED: 2, TaskState.RUNNING: 1} == found.counts

    await finish(database, failing, TaskState.FAILED, error=FAILURE)
    assert (await get(database, failing)).next_attempt_at is None
    view = overview_view(await overview_of(database, DEFAULT_WORKSPACE))
    assert (1, 2) == (view["counts"]["FAILED"], len(view["next"]))


async def test_another_workspace_is_not_counted(database: Database) -> None:
    """As in every list."""
    await add(database, workspace="other")

    assert {} == (await overview_of(database, DEFAULT_WORKSPACE)).counts


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (StepStatus.PENDING, "encode waits for a free slot: other tasks use them all"),
        (StepStatus.RUNNING, ""),
    ],
)
async def test_a_flow_whose_step_waits_for_a_slot_says_so(
    sqlite_database: Database, second: StepStatus, said: str
) -> None:
    """Temporal keeps the step in a queue, and no attempt of it has begun."""
    task_id = await add(sqlite_database, is_pooled=False)
    await begin(sqlite_database, task_id)
    ended = datetime.now(UTC) - timedelta(minutes=1)
    steps = [
        StepResult(step="fetch", status=StepStatus.COMPLETED, completed_at=ended),
        StepResult(step="encode", status=second),
    ]

    assert said == note(await get(sqlite_database, task_id), workers=1, steps=steps)


async def test_a_worker_of_the_release_before_is_asked_about_at_temporal(
    workerless: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing in the ledger."""
    monkeypatch.setenv("TEMPORAL_ADDRESS", workerless.temporal_client.service_client.config.target_host)
    monkeypatch.setenv("TEMPORAL_NAMESPACE", workerless.temporal_client.namespace)
    ledger = Ledger(workerless.settings, workerless.database, workerless.tasks)
    none = await ledger.workers()
    async with workerless.worker():
        await eventually(workerless.temporal.workers, bool)
        old = await ledger.workers()

    assert (0, 1) == (none, old)
