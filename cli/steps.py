"""The steps of a flow on the terminal: while it runs, and what came of each."""

import re
from collections.abc import Sequence

from rich.markup import escape
from rich.table import Table

from mainspring.cli.output import show_table, state_text, table_of
from mainspring.client.fields import cells
from mainspring.client.times import how_long, when
from mainspring.contracts.flows import StepResult, StepStatus
from mainspring.contracts.tasks import JsonObject, Task

COLOURS = {
    StepStatus.PENDING: "dim",
    StepStatus.RUNNING: "blue",
    StepStatus.COMPLETED: "green",
    StepStatus.FAILED: "red",
    StepStatus.SKIPPED: "yellow",
}

# A digest is there to be recognised; --json has it whole.
DIGEST = re.compile(r"\b([0-9a-f]{12})[0-9a-f]{20,}\b")


def show_steps(steps: Sequence[StepResult]) -> None:
    """Print a flow's steps; nothing for a task that is not one."""
    if steps:
        show_table(
            ("step", "status", "attempts", "started", "took", "result or error"),
            [(*_head(step), when(step.started_at), _took(step), _outcome(step)) for step in steps],
        )


def running_steps(steps: Sequence[StepResult], room: int) -> Table:
    """Return a flow's steps as they stand, on `room` lines; if that is too few, those that run."""
    if len(steps) > room:
        steps = [step for step in steps if step.status is StepStatus.RUNNING][:room]
    return table_of(
        ("step", "status", "attempts", "took", ""),
        [(*_head(step), _took(step), f"[red]{escape(_first_line(step.error))}[/]") for step in steps],
    )


def step_line(step: StepResult) -> str:
    """Return a line for a log: how a step stands."""
    parts = [f"{escape(step.step)} {_status(step)}"]
    if step.attempts > 1:
        parts.append(f"attempt {step.attempts}")
    if step.completed_at is not None:
        parts.append(_took(step))
    return ", ".join(parts)


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


def _head(step: StepResult) -> tuple[str, str, str]:
    return escape(step.step), _status(step), str(step.attempts or "")


def _status(step: StepResult) -> str:
    return f"[{COLOURS[step.status]}]{step.status}[/]"


def _took(step: StepResult) -> str:
    return "" if step.status is StepStatus.SKIPPED else how_long(step.started_at, step.completed_at)


def _outcome(step: StepResult) -> str:
    if step.error:
        return escape(_first_line(step.error))
    fields = [(name, DIGEST.sub(r"\1…", text)) for name, text in cells(_short(step.data or {}))]
    return escape(", ".join(f"{name} {text}" for name, text in fields))


def _first_line(error: str | None) -> str:
    return (error or "").partition("\n")[0]


def _short(data: JsonObject) -> JsonObject:
    return {name: value for name, value in data.items() if isinstance(value, str | int | float)}
