"""What the step repositories share: pending rows, the UPDATE that keeps a final status final, taking over."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import ScalarSelect, Update, select, update
from sqlalchemy.orm import aliased

from mainspring.contracts.flows import OpenedStep, StepResult, StepStatus
from mainspring.storage.tables import TaskStepRow

OPEN = [StepStatus.PENDING, StepStatus.RUNNING]

TAKEN_OVER = ("status", "input_hash", "data", "error", "attempts", "started_at", "completed_at")


def step_of(row: TaskStepRow) -> StepResult:
    """Return a row as a message."""
    return StepResult(
        step=row.name,
        status=StepStatus(row.status),
        weight=row.weight,
        error=row.error,
        started_at=row.started_at,
        completed_at=row.completed_at,
        attempts=row.attempts,
        data=row.data,
    )


def pending_row(task_id: UUID, position: int, step: OpenedStep) -> dict[str, Any]:
    """Return the columns of a step that has not begun."""
    return {
        "task_id": task_id,
        "name": step.name,
        "position": position,
        "weight": step.weight,
        "status": StepStatus.PENDING,
        "attempts": 0,
    }


def still_open(task_id: UUID, names: Collection[str] | None = None) -> Update:
    """Return an UPDATE of steps that a final status makes void."""
    statement = update(TaskStepRow).where(TaskStepRow.task_id == task_id, TaskStepRow.status.in_(OPEN))
    return statement if names is None else statement.where(TaskStepRow.name.in_(names))


def taken_over(task_id: UUID, names: Collection[str], earlier_id: UUID) -> Update:
    """Return the UPDATE that makes open steps what an earlier task has left of them."""
    values = {column: _as_it_was(earlier_id, column) for column in TAKEN_OVER}
    return still_open(task_id, names).values(values).execution_options(synchronize_session=False)


def _as_it_was(task_id: UUID, column: str) -> ScalarSelect[Any]:
    earlier = aliased(TaskStepRow)
    same = select(getattr(earlier, column)).where(
        earlier.task_id == task_id, earlier.name == TaskStepRow.name
    )
    return same.correlate(TaskStepRow).scalar_subquery()


def by_task(steps: Mapping[str, UUID]) -> list[tuple[UUID, list[str]]]:
    """Return the names of steps by the task that has them."""
    names: dict[UUID, list[str]] = {}
    for name, task_id in steps.items():
        names.setdefault(task_id, []).append(name)
    return list(names.items())
