"""Look at tasks, cancel and retry them."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from mainspring.cli import completion
from mainspring.cli.console import FAILED, SUCCESS, availability_now, with_ledger, with_service
from mainspring.cli.inputs import json_object
from mainspring.cli.output import AsJson, echo, short, show_json, state_text, tell, warn
from mainspring.cli.workspace_option import FormerWorkspace
from mainspring.client.views import messages_view, task_view
from mainspring.contracts.tasks import TaskState

if TYPE_CHECKING:
    from mainspring.client.ledger import Ledger
    from mainspring.client.service import Service

commands = typer.Typer(no_args_is_help=True, help=__doc__)

TaskReference = Annotated[
    str, typer.Argument(help="A task's id, or its beginning.", autocompletion=completion.tasks)
]


@commands.command("list")
def list_tasks(
    *,
    state: Annotated[
        list[TaskState] | None,
        typer.Option(case_sensitive=False, help="Only tasks in this state; may be repeated."),
    ] = None,
    job: Annotated[
        str | None, typer.Option(help="Only tasks of this job.", autocompletion=completion.jobs)
    ] = None,
    without: Annotated[
        list[str] | None, typer.Option(metavar="JOB", help="No tasks of this job; may be repeated.")
    ] = None,
    fairness_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Only tasks that take the turns of this key.")
    ] = None,
    before: Annotated[
        str | None, typer.Option(metavar="TASK", help="Only tasks older than this one: the next page.")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also what other tasks made: steps of flows, webhook deliveries.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
    _: FormerWorkspace = None,
) -> None:
    """List tasks, the newest first; what other tasks made only with --all, or when --job names its job."""
    from mainspring.cli.task_tables import show_tasks
    from mainspring.client.tasks.listing import overview, task_page

    async def work(ledger: Ledger) -> None:
        chosen = overview(
            job=job,
            states=state or (),
            without=without or (),
            fairness_key=fairness_key,
            everything=everything,
        )
        page = await task_page(ledger.tasks, chosen, before=before, limit=limit)
        if as_json:
            show_json(messages_view(page.tasks))
            return
        has_active = any(not task.state.is_final for task in page.tasks)
        show_tasks(page.tasks, await ledger.workers() if has_active else 0)
        if has_active:
            warn(await availability_now(ledger.settings))
        if page.has_more:
            echo(f"[dim]older ones: --before {short(page.tasks[-1].id)}[/]")

    with_ledger(work)


@commands.command("show")
def show(reference: TaskReference, *, as_json: AsJson = False) -> None:
    """Show everything about a task."""
    from mainspring.cli.task_tables import show_task

    async def work(ledger: Ledger) -> None:
        task = await ledger.tasks.get(await ledger.tasks.resolve(reference))
        steps, children = await ledger.tasks.steps(task.id), await ledger.tasks.children(task.id)
        if as_json:
            show_json(task_view(task, steps, children))
        else:
            show_task(task, steps, children, 0 if task.state.is_final else await ledger.workers())
            if not task.state.is_final:
                warn(await availability_now(ledger.settings))

    with_ledger(work)


@commands.command("watch")
def watch(reference: TaskReference, *, as_json: AsJson = False) -> None:
    """Follow a task until it ends."""
    from mainspring.cli.follow import follow_or_leave, show_end, show_outcome

    async def work(ledger: Ledger) -> int:
        task_id = await ledger.tasks.resolve(reference)
        if as_json:
            return show_end(await ledger.tasks.wait(task_id))
        return show_outcome(await follow_or_leave(ledger.tasks, task_id))

    with_ledger(work)


@commands.command("cancel")
def cancel(
    reference: TaskReference,
    *,
    wait: Annotated[bool, typer.Option(help="Wait until it has ended.")] = True,
    as_json: AsJson = False,
) -> None:
    """Cancel a task; what it has done so far stays."""
    from mainspring.cli.follow import follow
    from mainspring.client.errors import TaskEndedAlready

    async def work(service: Service) -> int:
        try:
            asked = await service.cancelling.cancel(await service.tasks.resolve(reference))
        except TaskEndedAlready as error:
            line = f"{error.task.job} {state_text(error.task.state)} already: there is nothing to cancel"
            tell(line, as_json, **error.task.model_dump(mode="json"))
            return FAILED
        task = asked.task
        if asked.note is not None:
            tell(f"{task.job}: {asked.note}", as_json, **task.model_dump(mode="json"))
            return SUCCESS
        if wait:
            task = await (service.tasks.wait if as_json else partial(follow, service.tasks))(task.id)
        line = f"{task.job} {state_text(task.state)}" + ("" if task.state.is_final else ": cancelling")
        tell(line, as_json, **task.model_dump(mode="json"))
        return SUCCESS if task.state is TaskState.CANCELLED or not wait else FAILED

    with_service(work)


@commands.command("retry")
def retry(
    reference: TaskReference,
    *,
    from_step: Annotated[
        str | None, typer.Option("--from", help="Run this step and all that depend on it again.")
    ] = None,
    text: Annotated[
        str | None, typer.Option("--input", help="The fields of the input to change, as JSON, or @FILE.")
    ] = None,
    wait: Annotated[bool, typer.Option(help="Follow the new task until it ends.")] = True,
    as_json: AsJson = False,
) -> None:
    """Start a failed or cancelled task once more, as a new task; a flow runs only what is missing."""
    from mainspring.cli.follow import follow_or_leave, show_end, show_outcome
    from mainspring.client.tasks.availability import PATIENCE
    from mainspring.client.validation import validated
    from mainspring.workflows.runtime.catalogue import job_named

    async def work(service: Service) -> int:
        task = await service.tasks.get(await service.tasks.resolve(reference))
        changed = None
        if text is not None:
            changed = validated(job_named(task.job), task.input | json_object(text))
        await service.ledger_check.refuse_other(PATIENCE)
        started = await service.jobs.retry(task.id, from_step=from_step, message=changed)
        if as_json:
            return show_end(await (service.tasks.wait if wait else service.tasks.get)(started.id))
        if started.deduplicated:
            echo(f"[yellow]no new task: task {started.id} of the same key is active[/]")
        else:
            echo(f"task {started.id}")
        return show_outcome(await follow_or_leave(service.tasks, started.id)) if wait else SUCCESS

    with_service(work)
