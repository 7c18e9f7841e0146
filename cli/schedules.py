"""`schedules`: what runs by itself."""

import getpass
import os
from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, NoReturn
from uuid import UUID

import typer
from rich.markup import escape

from mainspring.cli.console import settled
from mainspring.cli.output import AsJson, echo, show_json, show_table, state_text
from mainspring.client.schedules import LastRun, Schedules, ScheduleStatus
from mainspring.client.schedules.outcomes import last_tasks, run_outcome
from mainspring.client.schedules.words import in_both_zones, minute, missed_runs, pause_text
from mainspring.client.views import schedule_view
from mainspring.config.connect import connect
from mainspring.config.settings import Settings
from mainspring.contracts.tasks import Task

commands = typer.Typer(no_args_is_help=True, help="Look at what runs by itself; pause and resume it.")

ScheduleId = Annotated[str, typer.Argument(help="A schedule's id; `mainspring schedules list` shows them.")]
By = Annotated[str | None, typer.Option(help="Who does it; the user of this system if not given.")]


@commands.command("list")
def list_schedules(*, as_json: AsJson = False) -> None:
    """List the schedules: last run and its outcome, next run, missed runs, who paused it and why."""

    async def work(schedules: Schedules, settings: Settings) -> None:
        found = await schedules.list()
        tasks = await last_tasks(settings, found)
        if as_json:
            show_json([schedule_view(each, tasks) for each in found])
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
        missed_runs(status),
        f"[yellow]{escape(pause_text(status.pause))}[/]" if status.pause else "",
        status.summary,
    )


def _outcome_text(last: LastRun, tasks: Mapping[UUID, Task]) -> str:
    state = run_outcome(last, tasks)
    return "unknown" if state is None else state_text(state)


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
        was_paused, remaining = await schedules.resume(schedule_id, by=by or operator())
        text = (
            f"still {pause_text(remaining)}"
            if remaining
            else "resumed"
            if was_paused
            else "is not paused: it runs"
        )
        echo(escape(f"{schedule_id}: {text}"))

    with_schedules(work)


def operator() -> str:
    """Return the name of the user of this system, or the number of one without a name."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # which of them depends on Python's version
        return f"user {os.getuid()}"


def with_schedules(work: Callable[[Schedules, Settings], Awaitable[None]]) -> NoReturn:
    """Run `work` and end the process; the database is not needed. Temporal that is away is an error."""

    async def connected(settings: Settings) -> None:
        await work(Schedules(await connect(settings), settings), settings)

    settled(connected)
