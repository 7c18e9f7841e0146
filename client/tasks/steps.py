"""The steps of a flow as one looks at them: what came of each, and which have moved on."""

from collections.abc import Iterable
from datetime import datetime

from mainspring.contracts.flows import FlowResult, StepResult, StepStatus
from mainspring.contracts.tasks import Task


def steps_of(task: Task) -> list[StepResult]:
    """Return the steps in the result of a flow that has ended; none for any other task."""
    if not task.result or FlowResult.model_fields.keys() != task.result.keys():
        return []
    return list(FlowResult.restore(task.result).steps.values())


def moved_steps(before: Iterable[StepResult], after: Iterable[StepResult]) -> list[StepResult]:
    """Return the steps that have begun an attempt or have ended since `before`."""
    known = {step.step: _stage(step) for step in before}
    return [
        step
        for step in after
        if step.status is not StepStatus.PENDING and _stage(step) != known.get(step.step)
    ]


def _stage(step: StepResult) -> tuple[StepStatus, int, datetime | None]:
    return step.status, max(step.attempts, 1), step.completed_at
