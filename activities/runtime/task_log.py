"""The log's lines about tasks: one for each attempt that failed, and one for each end.

An attempt's stack is in the task's error log, which `mainspring tasks show` prints.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import structlog

from mainspring.contracts.tasks import TaskError, TaskState
from mainspring.storage.ledger import Acknowledgement

log = structlog.get_logger(__name__)

# Of an error, as much as a line of a log has room for.
LONGEST_IN_LINE = 300


def log_failed_attempt(
    task_id: UUID | None, *, step: str, workflow_id: str, error: TaskError, next_at: datetime | None
) -> None:
    """Say which attempt failed, and when the next one comes."""
    log.warning(
        "attempt failed",
        task_id=None if task_id is None else str(task_id),
        step=step,
        attempt=error.attempt,
        next_attempt="none" if next_at is None else next_at.isoformat(timespec="seconds"),
        error_type=error.error_type,
        error=_in_line(error.message),
        workflow_id=workflow_id,
    )


def log_end(task_id: UUID, job: str | None, state: TaskState, error: TaskError | None = None) -> None:
    """Say that a task has ended, and why it failed."""
    why = {} if error is None else {"error_type": error.error_type, "error": _in_line(error.message)}
    tell = log.warning if state is TaskState.FAILED else log.info
    tell("task ended", task_id=str(task_id), job=job, state=state.value, **why)


def log_acknowledged(
    job: str, workflow_id: str, acknowledged: Sequence[Acknowledgement], states: Mapping[UUID, TaskState]
) -> None:
    """Say what became of the tasks of a batched queue: each failure, and how many have ended well.

    A line for each success would take a good part of the time that the task itself takes.
    """
    ended: Counter[TaskState] = Counter()
    for each in acknowledged:
        state = states.get(each.id)
        if state is TaskState.FAILED:
            log_end(each.id, job, state, each.error)
        elif state is TaskState.RUNNING and each.error is not None:
            log_failed_attempt(
                each.id, step=job, workflow_id=workflow_id, error=each.error, next_at=each.next_attempt_at
            )
        elif state is not None and state.is_final:
            ended[state] += 1
    for state, count in ended.items():
        log.info("tasks ended", job=job, state=state.value, count=count)


def _in_line(message: str) -> str:
    line = message.strip().partition("\n")[0]
    return line if len(line) <= LONGEST_IN_LINE else f"{line[: LONGEST_IN_LINE - 1]}…"
