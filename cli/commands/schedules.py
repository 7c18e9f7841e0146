"""Look at what runs by itself; pause and resume it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mainspring.cli.operator_name import operator_name
from mainspring.cli.output import AsJson, echo, show_json, tell
from mainspring.cli.schedule_options import ScheduleId, with_schedules
from mainspring.cli.schedule_times import backfill, preview

if TYPE_CHECKING:
    from mainspring.client.schedules import Schedules
    from mainspring.config.settings import Settings

commands = typer.Typer(no_args_is_help=True, help=__doc__)

By = Annotated[str | None, typer.Option(help="Who does it; the user of this system if not given.")]


@commands.command("list")
def list_schedules(*, as_json: AsJson = False) -> None:
    """List the schedules: last run and its outcome, next run, missed runs, who paused it and why."""
    from mainspring.cli.schedule_tables import show_schedules
    from mainspring.client.schedules.outcomes import last_tasks
    from mainspring.client.schedules.views import schedule_view

    async def work(schedules: Schedules, settings: Settings) -> None:
        found = await schedules.list()
        tasks = await last_tasks(settings, found)
        if as_json:
            show_json([schedule_view(each, tasks) for each in found])
            return
        show_schedules(found, tasks)

    with_schedules(work)


@commands.command("sync")
def sync(*, as_json: AsJson = False) -> None:
    """Bring the declared schedules to Temporal; what an operator has paused stays so."""

    async def work(schedules: Schedules, _settings: Settings) -> None:
        outcomes = await schedules.sync()
        if as_json:
            show_json(outcomes)
            return
        for schedule_id, outcome in outcomes.items():
            echo(escape(f"{schedule_id}: {outcome}"))

    with_schedules(work)


@commands.command("trigger")
def trigger(schedule_id: ScheduleId, *, as_json: AsJson = False) -> None:
    """Run a schedule's job now, also while it is paused."""

    async def work(schedules: Schedules, _settings: Settings) -> None:
        await schedules.trigger(schedule_id)
        tell(f"{schedule_id}: triggered", as_json, schedule=schedule_id, outcome="triggered")

    with_schedules(work)


@commands.command("pause")
def pause(
    schedule_id: ScheduleId,
    reason: Annotated[str, typer.Option(help="Why: shown while it is paused; at most 200 characters.")],
    by: By = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Stop a schedule from firing until it is resumed, over restarts and new versions."""

    async def work(schedules: Schedules, _settings: Settings) -> None:
        await schedules.pause(schedule_id, reason, by=by or operator_name())
        tell(f"{schedule_id}: paused", as_json, schedule=schedule_id, outcome="paused")

    with_schedules(work)


@commands.command("resume")
def resume(schedule_id: ScheduleId, by: By = None, *, as_json: AsJson = False) -> None:
    """Let a paused schedule fire again."""
    from mainspring.client.schedules.words import pause_text

    async def work(schedules: Schedules, _settings: Settings) -> None:
        was_paused, remaining = await schedules.resume(schedule_id, by=by or operator_name())
        text = (
            f"still {pause_text(remaining)}"
            if remaining
            else "resumed"
            if was_paused
            else "is not paused: it runs"
        )
        tell(escape(f"{schedule_id}: {text}"), as_json, schedule=schedule_id, outcome=text)

    with_schedules(work)


commands.command()(backfill)
commands.command()(preview)
