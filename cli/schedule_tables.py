"""Schedules on the terminal."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from rich.markup import escape

from mainspring.cli.output import show_table, state_text
from mainspring.client.schedules import LastRun, Planned, ScheduleStatus
from mainspring.client.schedules.outcomes import run_outcome
from mainspring.client.schedules.words import in_both_zones, minute, missed_runs, pause_text, skipped_text
from mainspring.contracts.tasks import Task, TaskState


def show_schedules(found: Sequence[ScheduleStatus], tasks: Mapping[UUID, Task]) -> None:
    """Print a row for each schedule."""
    columns = ("schedule", "when", "last run", "next run", "missed", "paused", "what it does")
    show_table(columns, [_row(each, tasks) for each in found])


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
    if state is None:
        return "unknown"
    return state_text(state) if isinstance(state, TaskState) else f"[yellow]{skipped_text(last)}[/]"


def show_planned(entries: Sequence[Planned], paused: set[str]) -> None:
    """Print a row for each entry of a preview."""
    show_table(("when", "schedule", "firings", ""), [_planned_row(entry, paused) for entry in entries])


def _planned_row(entry: Planned, paused: set[str]) -> Sequence[str]:
    notes = [f"[yellow]{entry.note}[/]"] if entry.note else []
    if entry.schedule_id in paused:
        notes.append("[dim]paused[/]")
    day = f"{minute(entry.at)} {entry.at:%Z}" + (" and on" if entry.count > 1 else "")
    return day, entry.schedule_id, f"{entry.count:,}", "; ".join(notes)
