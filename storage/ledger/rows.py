"""What the ledger's repositories share: rows as messages, and the UPDATE that keeps a final state final."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Update, update

from mainspring.contracts.tasks import ACTIVE_STATES, BeginTask, NewTask, Task, TaskError, TaskState
from mainspring.domain.failures import fingerprint
from mainspring.storage.tables import TaskErrorRow, TaskRow

ACTIVE_NAMES = sorted(ACTIVE_STATES)


def still_active(task_id: UUID) -> Update:
    """Return an UPDATE of a task that a final state makes void."""
    return update(TaskRow).where(TaskRow.id == task_id, TaskRow.state.in_(ACTIVE_NAMES))


def task_of(row: TaskRow, errors: Sequence[TaskError] = ()) -> Task:
    """Return a row as a message, with the error log that is given."""
    fields = Task.model_fields.keys() - {"errors"}
    return Task.restore({name: getattr(row, name) for name in fields} | {"errors": tuple(errors)})


def error_of(row: TaskErrorRow) -> TaskError:
    """Return one entry of the error log."""
    values: dict[str, Any] = {name: getattr(row, name) for name in TaskError.model_fields}
    return TaskError.restore(values)


def queued_row(task: NewTask, now: datetime) -> dict[str, Any]:
    """Return the columns of a task that was just accepted."""
    quiet = task.quiet if task.dedupe_key is not None else None
    return task.model_dump(exclude={"quiet", "at_most_every"}) | {
        "quiet_seconds": None if quiet is None else quiet.total_seconds(),
        "state": TaskState.QUEUED,
        "progress": 0,
        "processed": 0,
        "created_at": now,
        "updated_at": now,
    }


def raw_task(message: BeginTask) -> NewTask:
    """Return the task of a workflow that was started without one: a raw start, or a step of a flow."""
    values = message.model_dump(include={"job", "workflow_id", "input", "fairness_key", "triggered_by"})
    if message.child is not None:
        values |= message.child.model_dump(exclude={"step", "input_hash"})
    key = message.key
    if key is not None:
        values |= {"job_key": key.key, "quiet": key.quiet, "at_most_every": key.at_most_every}
    task_id, dedupe_key = message.task_id or message.fallback_id, None if key is None else key.key
    return NewTask(id=task_id, dedupe_key=dedupe_key, **values)


def failure_columns(job: str, error: TaskError) -> dict[str, Any]:
    """Return what a FAILED row says of its failure, and the group that it belongs to."""
    return {
        "error_type": error.error_type,
        "error_message": error.message,
        "fingerprint": fingerprint(job, error.error_type, error.message),
    }
