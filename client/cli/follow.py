"""Following a task on the terminal, and showing what came of it."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from uuid import UUID

from rich.console import RenderableType
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from client.cli.console import FAILED, SUCCESS, echo, out, show_table, state_text, when
from client.cli.steps import show_steps, steps_of
from client.jobs import Jobs
from contracts.tasks import JsonObject, Task, TaskState

# A worker that runs takes up a task within a second or two.
SOON = timedelta(seconds=5)
QUEUED_LONG = "waiting for a worker: is `mainspring up` or `mainspring worker` running?"


class _Bar(Progress):
    """One task's bar, and under it what the task is doing: beside it there is no room for both."""

    note = ""

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        yield Text(f"  {self.note}", style="dim", no_wrap=True, overflow="ellipsis")


async def follow_or_leave(jobs: Jobs, task_id: UUID) -> Task:
    """Follow a task; whoever stops looking (Ctrl-C) is told that it goes on."""
    try:
        return await follow(jobs, task_id)
    except asyncio.CancelledError:
        echo(f"the task goes on: `mainspring tasks watch {task_id}` follows it, `tasks cancel` ends it")
        raise


async def follow(jobs: Jobs, task_id: UUID) -> Task:
    """Show a task's progress until it ends: a bar on a terminal, a line for each change elsewhere."""
    if not out.is_terminal:
        return await _follow_in_lines(jobs, task_id)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with _Bar(*columns, console=out, transient=True) as bar:
        line = bar.add_task("starting", total=100)
        async for task in jobs.watch(task_id):
            description = f"{task.job} {state_text(task.state)}"
            bar.note = note(task)
            bar.update(line, completed=task.progress, description=description)
    return task


async def _follow_in_lines(jobs: Jobs, task_id: UUID) -> Task:
    last = ""
    async for task in jobs.watch(task_id):
        # A log wants the turns of events, not every percent.
        line = f"{task.job} {state_text(task.state)} {escape(task.waiting_for or '')}".rstrip()
        if line != last and not task.state.is_final:
            echo(line)
        last = line
    return task


def note(task: Task) -> str:
    """Say what a task is doing or why it is not: the question that a queue never answered."""
    if task.state is TaskState.WAITING:
        return f"waiting for the {task.waiting_for} until {when(task.resumes_at)}"
    if task.state is TaskState.QUEUED:
        if task.run_id is None:
            return "accepted; Temporal has not taken it yet, the relay tries again every minute"
        if task.starts_at is not None and task.starts_at > datetime.now(UTC):
            return f"starts at {when(task.starts_at)}"
        return QUEUED_LONG if datetime.now(UTC) - task.created_at > SOON else "starting"
    if task.state is TaskState.RUNNING and task.cancel_requested_at is not None:
        return "cancelling"
    return task.current_step or ""


def show_outcome(task: Task) -> int:
    """Print the final state with its result or error; return the exit code."""
    echo(f"{task.job} {state_text(task.state)}  [dim]task {task.id}[/]")
    show_steps(steps_of(task))
    if task.state is TaskState.SUCCESS:
        show_result(task)
        return SUCCESS
    for error in task.errors[-1:]:
        echo(f"[red]{escape(error.error_type)}[/] in {escape(error.step)}, attempt {error.attempt}:")
        echo(escape(error.message))
    return FAILED


def show_result(task: Task) -> None:
    """Print the fields of a result; a flow's are in the table of its steps."""
    if task.result and not steps_of(task):
        show_table(("result", ""), [(escape(name), escape(text)) for name, text in cells(task.result)])


def cells(result: JsonObject) -> list[tuple[str, str]]:
    """Return a result's fields as names and texts."""
    return [(name.replace("_", " "), _text(value)) for name, value in result.items()]


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
