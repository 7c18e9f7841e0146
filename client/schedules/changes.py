"""What a sync changes of a schedule, in words."""

from collections.abc import Iterator
from datetime import timedelta

from temporalio.client import Schedule, ScheduleActionStartWorkflow

from mainspring.client.schedules.rows import ScheduledJob
from mainspring.workflows.runtime.schedule import Every, span_in_words


def zone_of(schedule: Schedule) -> str:
    """Return the name of the zone that a schedule has in Temporal."""
    return schedule.spec.time_zone_name or "UTC"


def intervals_of(schedule: Schedule) -> str:
    """Return a schedule's intervals for people; nothing when it fires by the clock."""
    return "; ".join(
        Every(each.every, each.offset or timedelta(0)).words() for each in schedule.spec.intervals
    )


def changes(schedule: Schedule, row: ScheduledJob) -> str:
    """Return what becomes another when the row is brought: "zone UTC -> Europe/Berlin"."""
    found = list(_changes(schedule, row))
    # Temporal keeps no cron expression to compare with, and the job's input as bytes.
    return ", ".join(found) or f"other times, job or input; now {row.words()}"


def _changes(schedule: Schedule, row: ScheduledJob) -> Iterator[str]:
    action, policy = schedule.action, schedule.policy
    timed = action.execution_timeout if isinstance(action, ScheduleActionStartWorkflow) else None
    every = row.when.words() if isinstance(row.when, Every) else ""
    for name, before, after in (
        ("zone", zone_of(schedule), row.zone),
        ("", intervals_of(schedule) or "by the clock", every or "by the clock"),
        ("timeout", _span(timed), _span(row.timeout)),
        ("catch-up window", _span(policy.catchup_window), _span(row.catchup)),
        ("jitter", _span(schedule.spec.jitter), _span(row.jitter)),
        ("overlap", policy.overlap.name, row.overlap.name),
    ):
        if before != after:
            yield f"{name} {before} -> {after}".strip()


def _span(span: timedelta | None) -> str:
    return span_in_words(span) if span else "none"
