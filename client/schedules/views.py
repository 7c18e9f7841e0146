"""Schedules as JSON."""

from collections.abc import Mapping
from uuid import UUID

from mainspring.client.schedules.outcomes import run_outcome
from mainspring.client.schedules.previews import Planned
from mainspring.client.schedules.statuses import ScheduleStatus
from mainspring.client.views import Json
from mainspring.contracts.tasks import Task


def schedule_view(status: ScheduleStatus, tasks: Mapping[UUID, Task]) -> Json:
    """Return how a schedule stands; `tasks` are those of last runs, by their ids."""
    last, pause = status.last_run, status.pause
    return {
        "id": status.id,
        "summary": status.summary,
        "when": status.when,
        "zone": status.zone.key,
        "last_run": last
        and {
            "at": last.at.isoformat(),
            "outcome": run_outcome(last, tasks),
            "workflow_id": last.workflow_id,
            "status": last.status.name if last.status else None,
            "task_id": str(last.task_id) if last.task_id and not last.skipped else None,
            "held_by": str(last.held_by) if last.held_by else None,
        },
        "next_run": status.next_run.astimezone(status.zone).isoformat() if status.next_run else None,
        "missed": {"overlapped": status.missed_overlap, "too_old": status.missed_too_old},
        "note": status.note,
        "paused": pause and {"by": pause.by, "reason": pause.reason, "switched_off_by": pause.switch},
    }


def planned_view(entry: Planned, paused: set[str]) -> Json:
    """Return an entry of a preview; `paused` are the ids of the schedules that are paused."""
    return {
        "at": entry.at.isoformat(),
        "schedule": entry.schedule_id,
        "firings": entry.count,
        "note": entry.note,
        "paused": entry.schedule_id in paused,
    }
