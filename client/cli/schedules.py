"""`schedules`: what runs by itself."""

from collections.abc import Awaitable, Callable
from typing import Annotated, NoReturn

import typer
from rich.markup import escape

from client.cli.console import duration, echo, settled, show_table, when
from client.connect import connect
from client.schedules import Schedules
from client.settings import Settings

commands = typer.Typer(no_args_is_help=True, help="Look at what runs by itself; pause and resume it.")

ScheduleId = Annotated[str, typer.Argument(help="A schedule's id; `mainspring schedules list` shows them.")]


@commands.command("list")
def list_schedules() -> None:
    """List the schedules with their last and next runs."""

    async def work(schedules: Schedules) -> None:
        show_table(
            ("schedule", "when", "last run", "next run", "paused", "what it does"),
            [
                (
                    row.id,
                    f"every {duration(row.every)}",
                    when(row.last_run),
                    when(row.next_run),
                    f"[yellow]{escape(row.note or 'paused')}[/]" if row.is_paused else "",
                    row.summary,
                )
                for row in await schedules.list()
            ],
        )

    _with_schedules(work)


@commands.command("sync")
def sync() -> None:
    """Bring the declared schedules to Temporal; an operator's pause stays."""

    async def work(schedules: Schedules) -> None:
        for schedule_id, outcome in (await schedules.sync()).items():
            echo(f"{schedule_id}: {outcome}")

    _with_schedules(work)


@commands.command("trigger")
def trigger(schedule_id: ScheduleId) -> None:
    """Run a schedule's job now, also while it is paused."""

    async def work(schedules: Schedules) -> None:
        await schedules.trigger(schedule_id)
        echo(f"{schedule_id}: triggered")

    _with_schedules(work)


@commands.command("pause")
def pause(
    schedule_id: ScheduleId, reason: Annotated[str, typer.Option(help="Shown while it is paused.")] = "paused"
) -> None:
    """Stop a schedule from firing."""

    async def work(schedules: Schedules) -> None:
        await schedules.pause(schedule_id, reason)
        echo(f"{schedule_id}: paused")

    _with_schedules(work)


@commands.command("resume")
def resume(schedule_id: ScheduleId) -> None:
    """Let a paused schedule fire again."""

    async def work(schedules: Schedules) -> None:
        await schedules.resume(schedule_id)
        echo(f"{schedule_id}: resumed")

    _with_schedules(work)


def _with_schedules(work: Callable[[Schedules], Awaitable[None]]) -> NoReturn:
    # Schedules are Temporal's own: the database is not needed, and an engine that is away is an error.
    async def connected(settings: Settings) -> None:
        await work(Schedules(await connect(settings), settings.task_queue))

    settled(connected)
