"""The steps of a flow on the terminal."""

from collections.abc import Sequence

from rich.markup import escape

from client.cli.console import how_long, show_table, state_text, when
from contracts.flows import FlowResult, StepResult, StepStatus
from contracts.tasks import JsonObject, Task

COLOURS = {
    StepStatus.PENDING: "dim",
    StepStatus.RUNNING: "blue",
    StepStatus.COMPLETED: "green",
    StepStatus.FAILED: "red",
    StepStatus.SKIPPED: "yellow",
}


def steps_of(task: Task) -> list[StepResult]:
    """Return the steps in the result of a flow that has ended; none for any other task."""
    if not task.result or FlowResult.model_fields.keys() != task.result.keys():
        return []
    return list(FlowResult.model_validate(task.result).steps.values())


def show_steps(steps: Sequence[StepResult]) -> None:
    """Print a flow's steps; nothing for a task that is not one."""
    if steps:
        show_table(
            ("step", "status", "attempts", "started", "took", "result or error"),
            [_row(step) for step in steps],
        )


def show_children(children: Sequence[Task]) -> None:
    """Print the tasks that are steps of another one."""
    if children:
        show_table(
            ("child task", "job", "state", "took"),
            [
                (
                    str(child.id),
                    child.job,
                    state_text(child.state),
                    how_long(child.started_at, child.finished_at),
                )
                for child in children
            ],
        )


def _row(step: StepResult) -> tuple[str, ...]:
    took = how_long(step.started_at, step.completed_at)
    return (
        escape(step.step),
        f"[{COLOURS[step.status]}]{step.status}[/]",
        str(step.attempts or ""),
        when(step.started_at),
        "" if step.status is StepStatus.SKIPPED else took,
        escape(step.error or ", ".join(f"{name} {value}" for name, value in _short(step.data or {}))),
    )


def _short(data: JsonObject) -> list[tuple[str, object]]:
    return [(name, value) for name, value in data.items() if isinstance(value, str | int | float)]
