"""`schedules backfill` and `schedules preview`: what would have fired, and what is going to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from mainspring.cli.output import AsJson, echo, show_json, tell
from mainspring.cli.schedule_options import ScheduleId, with_schedules
from mainspring.client.errors import BadInput
from mainspring.client.time_input import moment, moment_in

if TYPE_CHECKING:
    from mainspring.client.schedules import Schedules
    from mainspring.config.settings import Settings


def backfill(
    schedule_id: ScheduleId,
    start: Annotated[str, typer.Option("--from", help="Such as 2026-05-01T08:00, in the schedule's zone.")],
    end: Annotated[str, typer.Option("--to", help="As --from; what fires at that moment is included.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only list the firings.")] = False,
    as_json: AsJson = False,
) -> None:
    """Run what would have fired in a time that is past: each firing once, one after another."""
    from mainspring.client.schedules.words import in_both_zones

    async def work(schedules: Schedules, _settings: Settings) -> None:
        zone = await schedules.zone(schedule_id)
        first, last = moment_in(start, "--from", zone), moment_in(end, "--to", zone)
        if first.astimezone(UTC) > last.astimezone(UTC):
            raise BadInput("--from is after --to")
        if dry_run:
            firings = await schedules.firings(schedule_id, first, last)
            for each in () if as_json else firings:
                echo(in_both_zones(each))
            line = f"{schedule_id}: {_runs(len(firings))} would start"
            tell(line, as_json, schedule=schedule_id, would_start=[each.isoformat() for each in firings])
        else:
            count = await schedules.backfill(schedule_id, first, last)
            line = f"{schedule_id}: {_runs(count)} will start" + (", one after another" if count > 1 else "")
            tell(line, as_json, schedule=schedule_id, will_start=count)

    with_schedules(work)


def _runs(count: int) -> str:
    return f"{count:,} run" + ("" if count == 1 else "s")


def preview(
    schedule_id: Annotated[str | None, typer.Argument(help="Only this one, with every firing.")] = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="How far to look.")] = 30,
    start: Annotated[str | None, typer.Option("--from", help="From when; now if not given.")] = None,
    *,
    as_json: AsJson = False,
) -> None:
    """Show what is going to fire, in the order of time, and what changes of the clock do to it.

    What fires more often than hourly is counted by the day, unless it is asked for alone.
    """
    from mainspring.cli.schedule_tables import show_planned
    from mainspring.client.schedules.views import planned_view

    async def work(schedules: Schedules, _settings: Settings) -> None:
        first = moment(start, "--from") if start else datetime.now(UTC)
        entries = await schedules.preview(first, first + timedelta(days=days), schedule_id)
        paused = {each.id for each in await schedules.list() if each.pause}
        if as_json:
            show_json([planned_view(entry, paused) for entry in entries])
        else:
            show_planned(entries, paused)

    with_schedules(work)
