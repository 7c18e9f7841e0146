"""Look at failed tasks in groups, replay or dismiss them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer
from rich.markup import escape

from mainspring.cli.console import FAILED, SUCCESS, with_service
from mainspring.cli.failure_choice import ErrorType, JobName, Since, TypedChoice, choosing
from mainspring.cli.output import AsJson, echo, short, show_json, show_table, tell
from mainspring.client.times import when
from mainspring.client.views import failure_view, messages_view
from mainspring.contracts.failures import FailureFilter, FailureGroup, Replayed
from mainspring.contracts.tasks import Task
from mainspring.domain.failures import REPLAYS_A_SECOND

if TYPE_CHECKING:
    from mainspring.client.service import Service

commands = typer.Typer(no_args_is_help=True, help=__doc__)


# A message in a table is there to be recognised; `failures show` has it whole.
MESSAGE_WIDTH = 80


@commands.command("list")
def list_groups(
    *, job: JobName = None, error_type: ErrorType = None, since: Since = None, as_json: AsJson = False
) -> None:
    """List the groups of failed tasks that were neither retried nor dismissed, the latest first."""

    async def work(service: Service) -> None:
        criteria = await TypedChoice(job=job, error_type=error_type, since=since).filter(service)
        groups = await service.failures.groups(criteria)
        if as_json:
            show_json(messages_view(groups))
        else:
            _show_groups(groups)

    with_service(work)


@commands.command("show")
def show(
    group: Annotated[str, typer.Argument(help="A group, by the beginning of its name.")],
    *,
    limit: Annotated[int, typer.Option(min=1, help="How many tasks at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Show a group: its latest failure whole, and its tasks."""

    async def work(service: Service) -> None:
        found = await service.failures.group(group)
        tasks = await service.failures.tasks(FailureFilter(group=found.fingerprint), limit=limit)
        if as_json:
            show_json(failure_view(found, tasks))
            return
        _show_groups([found])
        show_table(("task", "failed", "input"), [_task_row(task) for task in tasks])
        example = await service.tasks.get(found.example_id)
        echo(f"\n[red]{escape(found.error_type)}[/]  [dim]task {found.example_id}[/]")
        echo(escape(found.example_message))
        for error in example.errors[-1:]:
            echo(f"[dim]{escape(error.stack)}[/]")

    with_service(work)


@commands.command("replay")
@choosing
def replay(
    choice: TypedChoice,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be replayed.")] = False,
    limit: Annotated[int | None, typer.Option(min=1, help="How many at most, the oldest first.")] = None,
    rate: Annotated[float, typer.Option(min=0.01, help="New tasks a second, at most.")] = REPLAYS_A_SECOND,
    stop: Annotated[bool, typer.Option(help="Stop when the same error returns.")] = True,
    as_json: AsJson = False,
) -> None:
    """Start failed tasks once more, each as a new task; none is ever replayed twice.

    The first of each group goes ahead and is waited for, 20 seconds at most; the others follow when it has
    not failed in the same way. Exit code 1: it has.
    """
    from mainspring.client.tasks.availability import PATIENCE

    async def work(service: Service) -> int:
        criteria = await choice.demanded(service)
        if dry_run:
            groups, count = await service.failures.groups(criteria), await service.failures.count(criteria)
            would = min(count, limit or count)
            if not as_json:
                _show_groups(groups)
            line = f"{would:,} of {count:,} failed tasks would be replayed"
            tell(line, as_json, groups=messages_view(groups), failed=count, would_be_replayed=would)
            return SUCCESS
        await service.ledger_check.refuse_other(PATIENCE)
        replayed = await service.failures.replay(
            criteria,
            limit=limit,
            rate=rate,
            stop_when_it_returns=stop,
            on_replayed=_say_nothing if as_json else _say_replayed,
        )
        if as_json:
            show_json(replayed.model_dump(mode="json"))
            return SUCCESS if replayed.stopped_because is None else FAILED
        return _show_replayed(replayed)

    with_service(work)


@commands.command("dismiss")
@choosing
def dismiss(choice: TypedChoice, *, as_json: AsJson = False) -> None:
    """Take failed tasks off the list without starting them again; the tasks stay FAILED."""

    async def work(service: Service) -> None:
        criteria = await choice.demanded(service)
        count = await service.failures.dismiss(criteria)
        tell(f"{count:,} failed tasks dismissed", as_json, dismissed=count)

    with_service(work)


def _show_groups(groups: list[FailureGroup]) -> None:
    if not groups:
        echo("no failed tasks")
        return
    show_table(
        ("group", "job", "type", "tasks", "first", "last", "message"), [_group_row(each) for each in groups]
    )


def _group_row(group: FailureGroup) -> tuple[str, ...]:
    return (
        short(group.fingerprint),
        group.job,
        escape(group.error_type),
        f"{group.count:,}",
        when(group.first_at),
        when(group.last_at),
        escape(_one_line(group.example_message)),
    )


def _task_row(task: Task) -> tuple[str, ...]:
    return (short(task.id), when(task.finished_at), escape(_one_line(json.dumps(task.input))))


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= MESSAGE_WIDTH else f"{line[: MESSAGE_WIDTH - 1]}…"


def _say_nothing(_task: Task, _new_id: UUID) -> None:
    pass


def _say_replayed(task: Task, new_id: UUID) -> None:
    echo(f"[dim]{short(task.id)}[/] {task.job} again as [dim]{new_id}[/]")


def _show_replayed(replayed: Replayed) -> int:
    echo(f"{len(replayed.started):,} replayed, {replayed.remaining:,} left")
    for task_id, reason in replayed.passed_over.items():
        echo(f"[dim]{short(task_id)} passed over:[/] {escape(reason)}")
    if replayed.stopped_because is None:
        return SUCCESS
    echo(f"[red]stopped:[/] {escape(replayed.stopped_because)}")
    return FAILED
