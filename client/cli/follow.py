"""Following a task on the terminal, and showing what came of it."""

from uuid import UUID

from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from client.cli.console import FAILED, SUCCESS, echo, out, show_table, state_text, when
from client.jobs import Jobs
from contracts.tasks import JsonObject, Task, TaskState


async def follow(jobs: Jobs, task_id: UUID) -> Task:
    """Show a task's progress until it ends: a bar on a terminal, a line for each change elsewhere."""
    if not out.is_terminal:
        return await _follow_in_lines(jobs, task_id)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}"),
    )
    with Progress(*columns, console=out, transient=True) as bar:
        line = bar.add_task("", total=100, note="")
        async for task in jobs.watch(task_id):
            description = f"{task.job} {state_text(task.state)}"
            bar.update(line, completed=task.progress, description=description, note=escape(note(task)))
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
            return "accepted; Temporal is away, the relay starts it once it is back"
        return "waiting for a worker: is `mainspring up` or `mainspring worker` running?"
    if task.state is TaskState.RUNNING and task.cancel_requested_at is not None:
        return "cancelling"
    return task.current_step or ""


def show_outcome(task: Task) -> int:
    """Print the final state with its result or error; return the exit code."""
    echo(f"{task.job} {state_text(task.state)}  [dim]task {task.id}[/]")
    if task.state is TaskState.SUCCESS:
        show_table(("result", ""), [(escape(name), escape(text)) for name, text in cells(task.result or {})])
        return SUCCESS
    for error in task.errors[-1:]:
        echo(f"[red]{escape(error.error_type)}[/] in {escape(error.step)}, attempt {error.attempt}:")
        echo(escape(error.message))
    return FAILED


def cells(result: JsonObject) -> list[tuple[str, str]]:
    """Return a result's fields as names and texts."""
    return [(name.replace("_", " "), _text(value)) for name, value in result.items()]


def _text(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(str(item) for item in value) or "none"
    return f"{value:,}" if isinstance(value, int) else str(value)
