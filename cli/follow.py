"""Following a task on the terminal, and showing what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from rich.console import RenderableType
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

from mainspring.cli.console import FAILED, SUCCESS
from mainspring.cli.output import echo, out, show_json, show_table, state_text
from mainspring.cli.steps import running_steps, show_steps, step_line
from mainspring.client.fields import cells
from mainspring.client.tasks import following
from mainspring.client.tasks.status_text import failed_attempt, note
from mainspring.client.tasks.steps import steps_of
from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import Task, TaskState
from mainspring.contracts.text import printable

if TYPE_CHECKING:
    from mainspring.client.tasks.queries import Tasks

# What the terminal needs beside the steps: the bar, the note, the table's head and the cursor's line.
OTHER_LINES = 4


class _Bar(Progress):
    """One task's bar, and under it what the task is doing: beside it there is no room for both."""

    note = ""
    steps: Sequence[StepResult] = ()

    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.note:
            yield Text(printable(f"  {self.note}"), style="dim", no_wrap=True, overflow="ellipsis")
        if self.steps:
            yield running_steps(self.steps, self.console.height - OTHER_LINES)


async def follow_or_leave(tasks: Tasks, task_id: UUID) -> Task:
    """Follow a task; whoever stops looking (Ctrl-C) is told that it goes on."""
    try:
        return await follow(tasks, task_id)
    except asyncio.CancelledError:
        echo(f"the task goes on: `mainspring tasks watch {task_id}` follows it, `tasks cancel` ends it")
        raise


async def follow(tasks: Tasks, task_id: UUID) -> Task:
    """Show a task's progress until it ends: a bar on a terminal, a line for each change elsewhere."""
    if not out.is_terminal:
        return await _follow_in_lines(tasks, task_id)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
    )
    with _Bar(*columns, console=out, transient=True) as bar:
        line = bar.add_task("starting", total=100)
        async for look in following.follow(tasks, task_id):
            task, bar.steps = look.task, look.steps
            text = note(task)
            # The table says better which steps run.
            bar.note = "" if bar.steps and text == task.current_step else text
            bar.update(line, completed=task.progress, description=f"{task.job} {state_text(task.state)}")
    return task


async def _follow_in_lines(tasks: Tasks, task_id: UUID) -> Task:
    async for look in following.follow(tasks, task_id):
        task = look.task
        # A log wants the turns of events, not every percent; the end is told as a whole.
        if look.is_turn and not task.state.is_final:
            echo(f"{task.job} {state_text(task.state)} {escape(task.waiting_for or '')}".rstrip())
        for error in look.failed_attempts:
            echo(f"  [red]{escape(failed_attempt(error))}[/]")
        for step in look.moved_steps:
            echo(f"  {step_line(step)}")
    return task


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


def show_end(task: Task) -> int:
    """Print a task as JSON; return the exit code, 1 for a task that has ended without success."""
    show_json(task.model_dump(mode="json"))
    return FAILED if task.state.is_final and task.state is not TaskState.SUCCESS else SUCCESS


def show_result(task: Task) -> None:
    """Print the fields of a result; a flow's are in the table of its steps."""
    if task.result and not steps_of(task):
        show_table(("result", ""), [(escape(name), escape(text)) for name, text in cells(task.result)])
