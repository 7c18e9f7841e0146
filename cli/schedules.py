"""`schedules`: what runs by itself."""

import getpass
import os
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, NoReturn
from uuid import UUID

import typer
from rich.markup import escape
from temporalio.client import WorkflowExecutionStatus

from mainspring.cli.console import echo, settled, show_json, show_table, state_text
from mainspring.client.schedules import LastRun, Pause, Schedules, ScheduleStatus
from mainspring.client.schedules.outcomes import last_tasks
from mainspring.config.connect import connect
from mainspring.config.settings import Settings
from mainspring.contracts.tasks import Task, TaskState

commands = typer.Typer(no_args_is_help=True, help="Look at what runs by itself; pause and resume it.")

ScheduleId = Annotated[str, typer.Argument(help="A schedule's id; `mainspring schedules list` shows them.")]
By = Annotated[str | None, typer.Option(help="Who does it; the user of this system if not given.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

# How the workflow of a run without a task ended, in the words of tasks.
ENDED = {
    WorkflowExecutionStatus.COMPLETED: TaskState.SUCCESS,
    WorkflowExecutionStatus.CANCELED: TaskState.CANCELLED,
    WorkflowExecutionStatus.RUNNING: TaskState.RUNNING,
    WorkflowExecutionStatus.CONTINUED_AS_NEW: TaskState.RUNNING,
}


@commands.command("list")
def list_schedules(*, as_json: AsJson = False) -> None:
    """List the schedules: last run and its outcome, next run, missed runs, who paused it and why."""

    async def work(schedules: Schedules, settings: Settings) -> None:
        found = await schedules.list()
        tasks = await last_tasks(settings, found)
        if as_json:
            show_json([_object(each, tasks) for each in found])
            return
        columns = ("schedule", "when", "last run", "next run", "missed", "paused", "what it does")
        show_table(columns, [_row(each, tasks) for each in found])

    with_schedules(work)


def _row(status: ScheduleStatus, tasks: Mapping[UUID, Task]) -> tuple[str, ...]:
    last = status.last_run
    return (
        status.id,
        status.when,
        "" if last is None else f"{minute(last.at.astimezone())} {_outcome_text(last, tasks)}",
        in_both_zones(status.next_run.astimezone(status.zone)) if status.next_run else "",
        _missed(status),
        f"[yellow]{escape(_paused(status.pause))}[/]" if status.pause else "",
        status.summary,
    )


def _outcome(last: LastRun, tasks: Mapping[UUID, Task]) -> TaskState | None:
    """Return how a run is doing; None when nobody knows any more."""
    task = tasks.get(last.task_id) if last.task_id else None
    if task is not None:
        return task.state
    return ENDED.get(last.status, TaskState.FAILED) if last.status else None


def _outcome_text(last: LastRun, tasks: Mapping[UUID, Task]) -> str:
    outcome = _outcome(last, tasks)
    return "unknown" if outcome is None else state_text(outcome)


def _missed(status: ScheduleStatus) -> str:
    parts = ((status.missed_overlap, "overlapped"), (status.missed_too_old, "too old"))
    return ", ".join(f"{count:,} {why}" for count, why in parts if count)


def _paused(pause: Pause) -> str:
    by_operator = f"{pause.by}: {pause.reason}" if pause.by else pause.reason
    by_setting = f"switched off by {pause.switch}" if pause.switch else None
    return "; ".join(each for each in (by_operator, by_setting) if each)


def _object(status: ScheduleStatus, tasks: Mapping[UUID, Task]) -> dict[str, Any]:
    last, pause = status.last_run, status.pause
    return {
        "id": status.id,
        "summary": status.summary,
        "when": status.when,
        "zone": status.zone.key,
        "last_run": last
        and {
            "at": last.at.isoformat(),
            "outcome": _outcome(last, tasks),
            "workflow_id": last.workflow_id,
            "task_id": str(last.task_id) if last.task_id else None,
        },
        "next_run": status.next_run.astimezone(status.zone).isoformat() if status.next_run else None,
        "missed": {"overlapped": status.missed_overlap, "too_old": status.missed_too_old},
        "paused": pause and {"by": pause.by, "reason": pause.reason, "switched_off_by": pause.switch},
    }


@commands.command("sync")
def sync() -> None:
    """Bring the declared schedules to Temporal; what an operator has paused stays so."""

    async def work(schedules: Schedules, _settings: Settings) -> None:
        for schedule_id, outcome in (await schedules.sync()).items():
            echo(escape(f"{schedule_id}: {outcome}"))

    with_schedules(work)


@commands.command("trigger")
def trigger(schedule_id: ScheduleId) -> None:
    """Run a schedule's job now, also while it is paused."""

    async def work(schedules: Schedules, _settings: Settings) -> None:
        await schedules.trigger(schedule_id)
        echo(f"{schedule_id}: triggered")

    with_schedules(work)


@commands.command("pause")
def pause(
    schedule_id: ScheduleId,
    reason: Annotated[str, typer.Option(help="Why: shown while it is paused; at most 200 characters.")],
    by: By = None,
) -> None:
    """Stop a schedule from firing until it is resumed, over restarts and new versions."""

    async def work(schedules: Schedules, _settings: Settings) -> None:
        await schedules.pause(schedule_id, reason, by=by or operator())
        echo(f"{schedule_id}: paused")

    with_schedules(work)


@commands.command("resume")
def resume(schedule_id: ScheduleId, by: By = None) -> None:
    """Let a paused schedule fire again."""

    async def work(schedules: Schedules, _settings: Settings) -> None:
        held, left = await schedules.resume(schedule_id, by=by or operator())
        said = f"still {_paused(left)}" if left else "resumed" if held else "is not paused: it runs"
        echo(escape(f"{schedule_id}: {said}"))

    with_schedules(work)


def operator() -> str:
    """Return the name of the user of this system, or the number of one without a name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # which of them depends on Python's version
        return f"user {os.getuid()}"


def minute(moment: datetime) -> str:
    """Return a time in its own zone as all commands about schedules show it."""
    return f"{moment:%Y-%m-%d %H:%M}"


def in_both_zones(moment: datetime) -> str:
    """Return a time in its own zone, and in the reader's where that is another time of day."""
    told, here = f"{minute(moment)} {moment:%Z}", moment.astimezone()
    return told if here.utcoffset() == moment.utcoffset() else f"{told}, {minute(here)} here"


def with_schedules(work: Callable[[Schedules, Settings], Awaitable[None]]) -> NoReturn:
    """Run `work` and end the process; the database is not needed. Temporal that is away is an error."""

    async def connected(settings: Settings) -> None:
        await work(Schedules(await connect(settings), settings), settings)

    settled(connected)
