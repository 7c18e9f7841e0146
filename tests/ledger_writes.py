"""The writes of the task ledger, each in a transaction of its own, all at known moments."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from mainspring.contracts.tasks import (
    BeginTask,
    Enqueued,
    FinishTask,
    MarkWaiting,
    NewTask,
    Task,
    TaskError,
    TaskState,
)
from mainspring.storage.database import Database
from mainspring.storage.ledger import ErrorLog, ProgressStore, TaskIntake, TaskQueries, TaskWriter

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)
FAILURE = TaskError(at=NOON, step="cards.update", error_type="Refused", message="no", stack="…", attempt=2)
NO_RUN = UUID(int=0)


def new_task(key: str | None = None, *, priority: int = 3) -> NewTask:
    task_id = uuid4()
    return NewTask(
        id=task_id, job="sync", workflow_id=key or str(task_id), dedupe_key=key, input={}, priority=priority
    )


async def enqueue(database: Database, *tasks: NewTask, now: datetime = NOON) -> list[Enqueued]:
    return await database.transact(lambda session: TaskIntake(session).enqueue(tasks, now=now))


async def accepted(database: Database, key: str | None = None) -> UUID:
    (enqueued,) = await enqueue(database, new_task(key))
    return enqueued.task_id


async def get(database: Database, task_id: UUID) -> Task:
    task = await database.read(lambda session: TaskQueries(session).get(task_id))
    assert task is not None
    return task


async def begin(database: Database, task_id: UUID | None, fallback: UUID = NO_RUN) -> tuple[UUID, bool]:
    message = BeginTask(
        task_id=task_id,
        fallback_id=fallback,
        job="sync",
        workflow_id="by-hand",
        run_id="run",
        input={"a": 1},
        triggered_by="temporal",
    )
    begun = await database.transact(lambda session: TaskWriter(session).begin(message, now=LATER))
    return begun.task_id, begun.already_final


async def wait_for_quota(database: Database, task_id: UUID, quota: str = "daily quota") -> None:
    message = MarkWaiting(task_id=task_id, waiting_for=quota, resumes_at=LATER)
    await database.transact(lambda session: TaskWriter(session).mark_waiting(message, now=LATER))


async def finish(database: Database, task_id: UUID, state: TaskState, error: TaskError | None = None) -> bool:
    result = {"done": True} if state is TaskState.SUCCESS else None
    message = FinishTask(task_id=task_id, state=state, result=result, error=error)
    return await database.transact(lambda session: TaskWriter(session).finish(message, now=LATER))


async def report(database: Database, task_id: UUID, processed: int, total: int | None) -> None:
    await database.transact(
        lambda session: ProgressStore(session).report(
            task_id,
            processed=processed,
            total=total,
            step="page",
            checkpoint={"at": processed},
            now=LATER,
        )
    )


async def log_error(database: Database, task_id: UUID, error: TaskError) -> None:
    await database.transact(lambda session: ErrorLog(session).append(task_id, error))


async def request_cancel(database: Database, task_id: UUID) -> bool:
    return await database.transact(lambda session: TaskWriter(session).request_cancel(task_id, now=LATER))


async def apply(database: Database, task_id: UUID, write: str) -> None:
    """Do one of the ledger's writes."""
    match write:
        case "begin":
            await begin(database, task_id)
        case "wait":
            await wait_for_quota(database, task_id)
        case "run":
            await database.transact(lambda session: TaskWriter(session).mark_running(task_id, now=LATER))
        case "report":
            await report(database, task_id, 3, 4)
        case "cancel":
            await request_cancel(database, task_id)
        case "error":
            await log_error(database, task_id, FAILURE)
        case _:
            await finish(database, task_id, TaskState(write))
