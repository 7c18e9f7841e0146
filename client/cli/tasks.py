"""`tasks`: looking at the ledger, cancelling and retrying."""

import json
from typing import Annotated

import typer
from rich.markup import escape

from client.cli.console import (
    FAILED,
    SUCCESS,
    echo,
    how_long,
    show_json,
    show_table,
    state_text,
    when,
    with_service,
)
from client.cli.follow import follow, follow_or_leave, note, show_outcome, show_result
from client.cli.inputs import json_object
from client.cli.steps import show_children, show_steps
from client.service import Service
from client.validation import validated
from contracts.tasks import Task, TaskState
from workflows.catalogue import job_named

commands = typer.Typer(no_args_is_help=True, help="Look at tasks, cancel and retry them.")

TaskReference = Annotated[str, typer.Argument(help="A task's id, or its beginning.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@commands.command("list")
def list_tasks(
    *,
    state: Annotated[
        list[TaskState] | None, typer.Option(help="Only tasks in this state; may be repeated.")
    ] = None,
    job: Annotated[str | None, typer.Option(help="Only tasks of this job.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List tasks, the newest first."""

    async def work(service: Service) -> None:
        tasks = await service.jobs.find(job=job, states=state or (), limit=limit)
        if as_json:
            show_json([task.model_dump(mode="json") for task in tasks])
        else:
            show_table(
                ("task", "job", "state", "created", "took", "started by"), [_row(task) for task in tasks]
            )
            for task in tasks:
                if not task.state.is_final and note(task):
                    echo(f"[dim]{_short(task)}  {escape(note(task))}[/]")

    with_service(work)


def _row(task: Task) -> tuple[str, ...]:
    return (
        _short(task),
        task.job,
        state_text(task.state) + ("" if task.state.is_final else f" {task.progress} %"),
        when(task.created_at),
        how_long(task.started_at, task.finished_at),
        escape(task.triggered_by),
    )


def _short(task: Task) -> str:
    return str(task.id)[:8]


@commands.command("show")
def show(reference: TaskReference, *, as_json: AsJson = False) -> None:
    """Show everything about a task."""

    async def work(service: Service) -> None:
        task = await service.jobs.get(await service.jobs.resolve(reference))
        steps, children = await service.jobs.steps(task.id), await service.jobs.children(task.id)
        if as_json:
            show_json(
                task.model_dump(mode="json")
                | {
                    "steps": [step.model_dump(mode="json") for step in steps],
                    "children": [str(child.id) for child in children],
                }
            )
        else:
            _show(task)
            show_steps(steps)
            show_children(children)
            _show_errors(task)

    with_service(work)


def _show(task: Task) -> None:
    facts = [
        ("job", task.job),
        ("state", state_text(task.state)),
        ("now", "" if task.state.is_final else escape(note(task))),
        ("progress", _progress(task)),
        ("input", escape(json.dumps(task.input))),
        ("workflow", escape(task.workflow_id)),
        ("run", task.run_id or ""),
        ("started by", escape(task.triggered_by) + (f", retry of {task.retry_of}" if task.retry_of else "")),
        ("part of", "" if task.parent_id is None else f"task {task.parent_id}"),
        ("retried as", "" if task.retried_by is None else str(task.retried_by)),
        ("priority", str(task.priority)),
        ("created", when(task.created_at)),
        ("started", when(task.started_at)),
        ("finished", when(task.finished_at)),
        ("took", how_long(task.started_at, task.finished_at)),
    ]
    show_table(("task", str(task.id)), [fact for fact in facts if fact[1]])
    show_result(task)


def _show_errors(task: Task) -> None:
    for error in task.errors:
        echo(
            f"[red]{escape(error.error_type)}[/] {when(error.at)} "
            f"{escape(error.step)}, attempt {error.attempt}"
        )
        echo(escape(error.message))
        echo(f"[dim]{escape(error.stack)}[/]")


def _progress(task: Task) -> str:
    of_total = "" if task.total is None else f" ({task.processed:,} of {task.total:,})"
    return f"{task.progress} %{of_total}"


@commands.command("watch")
def watch(reference: TaskReference) -> None:
    """Follow a task until it ends."""

    async def work(service: Service) -> int:
        task_id = await service.jobs.resolve(reference)
        return show_outcome(await follow_or_leave(service.jobs, task_id))

    with_service(work)


@commands.command("cancel")
def cancel(
    reference: TaskReference,
    *,
    wait: Annotated[bool, typer.Option(help="Wait until it has ended.")] = True,
) -> None:
    """Cancel a task; what it has done so far stays."""

    async def work(service: Service) -> int:
        task = await service.jobs.cancel(await service.jobs.resolve(reference))
        if wait:
            task = await follow(service.jobs, task.id)
        echo(f"{task.job} {state_text(task.state)}" + ("" if task.state.is_final else ": cancelling"))
        return SUCCESS if task.state is TaskState.CANCELLED or not wait else FAILED

    with_service(work)


@commands.command("retry")
def retry(
    reference: TaskReference,
    *,
    from_step: Annotated[
        str | None, typer.Option("--from", help="Run this step and all that depend on it again.")
    ] = None,
    given: Annotated[
        str | None, typer.Option("--input", help="The fields of the input to change, as JSON, or @FILE.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Follow the new task until it ends.")] = True,
) -> None:
    """Start a failed or cancelled task once more, as a new task; a flow runs only what is missing."""

    async def work(service: Service) -> int:
        task = await service.jobs.get(await service.jobs.resolve(reference))
        changed = None
        if given is not None:
            changed = validated(job_named(task.job), task.input | json_object(given))
        started = await service.jobs.retry(task.id, from_step=from_step, given=changed)
        echo(f"task {started.id}")
        return show_outcome(await follow_or_leave(service.jobs, started.id)) if wait else SUCCESS

    with_service(work)
