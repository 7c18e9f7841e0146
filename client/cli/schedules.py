"""`schedules`: what runs by itself."""

from typing import Annotated

import typer
from rich.markup import escape

from client.cli.console import duration, echo, show_table, when, with_service
from client.service import Service

commands = typer.Typer(no_args_is_help=True, help="Look at what runs by itself; pause and resume it.")

ScheduleId = Annotated[str, typer.Argument(help="A schedule's id; `mainspring schedules list` shows them.")]


@commands.command("list")
def list_schedules() -> None:
    """List the schedules with their last and next runs."""

    async def work(service: Service) -> None:
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
                for row in await service.schedules.list()
            ],
        )

    with_service(work)


@commands.command("sync")
def sync() -> None:
    """Bring the declared schedules to Temporal; an operator's pause stays."""

    async def work(service: Service) -> None:
        for schedule_id, outcome in (await service.schedules.sync()).items():
            echo(f"{schedule_id}: {outcome}")

    with_service(work)


@commands.command("trigger")
def trigger(schedule_id: ScheduleId) -> None:
    """Run a schedule's job now, also while it is paused."""

    async def work(service: Service) -> None:
        await service.schedules.trigger(schedule_id)
        echo(f"{schedule_id}: triggered")

    with_service(work)


@commands.command("pause")
def pause(
    schedule_id: ScheduleId, reason: Annotated[str, typer.Option(help="Shown while it is paused.")] = "paused"
) -> None:
    """Stop a schedule from firing."""

    async def work(service: Service) -> None:
        await service.schedules.pause(schedule_id, reason)
        echo(f"{schedule_id}: paused")

    with_service(work)


@commands.command("resume")
def resume(schedule_id: ScheduleId) -> None:
    """Let a paused schedule fire again."""

    async def work(service: Service) -> None:
        await service.schedules.resume(schedule_id)
        echo(f"{schedule_id}: resumed")

    with_service(work)
