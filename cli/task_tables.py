"""Tasks on the terminal: many in a table, or one whole."""

import json
from collections.abc import Sequence

from rich.markup import escape

from mainspring.cli.follow import show_result
from mainspring.cli.output import echo, short, show_facts, show_table, state_text
from mainspring.cli.steps import show_children, show_steps
from mainspring.client.tasks.status_text import note
from mainspring.client.times import how_long, when, when_exactly
from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import Task, TaskError


def show_tasks(tasks: Sequence[Task], workers: int) -> None:
    """Print a row for each task, and below what those that go on do just now."""
    show_table(("task", "job", "state", "created", "took", "started by"), [_row(task) for task in tasks])
    for task in tasks:
        reason = "" if task.state.is_final else note(task, workers=workers)
        if reason:
            echo(f"[dim]{short(task.id)}  {escape(reason)}[/]")


def _row(task: Task) -> tuple[str, ...]:
    return (
        short(task.id),
        task.job,
        state_text(task.state) + ("" if task.state.is_final else f" {task.progress} %"),
        when(task.created_at),
        how_long(task.started_at, task.finished_at),
        escape(task.triggered_by),
    )


def show_task(task: Task, steps: Sequence[StepResult], children: Sequence[Task], workers: int) -> None:
    """Print everything about a task, with its steps and children if it is a flow."""
    _show_facts(task, "" if task.state.is_final else note(task, workers=workers, steps=steps))
    show_steps(steps)
    show_children(children)
    _show_errors(task)


def _show_facts(task: Task, reason: str) -> None:
    facts = [
        ("job", task.job),
        ("state", state_text(task.state)),
        ("now", escape(reason)),
        ("progress", _progress(task)),
        ("input", escape(json.dumps(task.input))),
        ("workflow", escape(task.workflow_id)),
        ("run", task.run_id or ""),
        ("started by", escape(task.triggered_by) + (f", retry of {task.retry_of}" if task.retry_of else "")),
        ("part of", "" if task.parent_id is None else f"task {task.parent_id}"),
        ("retried as", "" if task.retried_by is None else str(task.retried_by)),
        ("priority", str(task.priority)),
        ("workspace", escape(task.workspace)),
        ("fairness key", escape(task.fairness_key or "")),
        ("starts at", when_exactly(task.starts_at)),
        ("created", when_exactly(task.created_at)),
        ("started", when_exactly(task.started_at)),
        ("finished", when_exactly(task.finished_at)),
        ("took", how_long(task.started_at, task.finished_at)),
    ]
    show_facts("task", task.id, facts)
    show_result(task)


def _progress(task: Task) -> str:
    of_total = "" if task.total is None else f" ({task.processed:,} of {task.total:,})"
    return f"{task.progress} %{of_total}"


def _show_errors(task: Task) -> None:
    # Mostly one error, several times over: its stack is shown where it came last, --json has all.
    for error in task.errors[:-1]:
        echo(f"{_error_head(error)}: {escape(_first_line(error.message))}")
    for error in task.errors[-1:]:
        echo(_error_head(error))
        echo(escape(error.message))
        echo(f"[dim]{escape(error.stack)}[/]")


def _first_line(text: str) -> str:
    return text.partition("\n")[0]


def _error_head(error: TaskError) -> str:
    return (
        f"[red]{escape(error.error_type)}[/] {when(error.at)} {escape(error.step)}, attempt {error.attempt}"
    )
