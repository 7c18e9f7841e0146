"""Schedules over HTTP. They are the installation's: it takes a key of the platform."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

from temporalio.client import WorkflowExecutionStatus

from mainspring.client.errors import BadInput
from mainspring.client.remote.calls import Calls
from mainspring.client.schedules import LastRun, Pause, Planned, ScheduleStatus
from mainspring.client.schedules.outcomes import SKIPPED

# As many as an answer has.
MOST_FIRINGS = 1_000

Json = Mapping[str, Any]


class RemoteSchedules:
    """As `client.schedules.Schedules`, over HTTP. Who pauses and resumes is the key: `by` is not sent."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def list(self) -> list[ScheduleStatus]:
        """Return every declared schedule that Temporal has, as it has it, in the order of the table."""
        return [_status(each) for each in await self._calls.get("/v1/schedules")]

    async def trigger(self, schedule_id: str) -> None:
        """Run it now, also while it is paused. While a run is at work, none is added."""
        await self._calls.post(f"{_path(schedule_id)}/trigger")

    async def pause(self, schedule_id: str, reason: str, *, by: str = "") -> Pause | None:  # noqa: ARG002  # the key
        """Stop it from firing until it is resumed; who did it and why is shown. Return what holds it now.

        BadInput: there is no reason, or it is longer than 200 characters.
        """
        body = {"reason": reason}
        held = await self._calls.post(f"{_path(schedule_id)}/pause", body, is_repeatable=True)
        return _pause(held["paused"])

    async def resume(
        self,
        schedule_id: str,
        *,
        by: str = "",  # noqa: ARG002  # the key
    ) -> tuple[Pause | None, Pause | None]:
        """Take an operator's pause away. Return what held the schedule, and what still does: a setting.

        Nothing is done to one that nothing held. ScheduleSwitchedOff: nothing but a setting held it.
        """
        resumed = await self._calls.post(f"{_path(schedule_id)}/resume")
        return _pause(resumed["was"]), _pause(resumed["paused"])

    async def firings(self, schedule_id: str, start: datetime, end: datetime) -> Sequence[datetime]:
        """Return when it fires from `start` to `end`, both included, in its own zone.

        Raises BadInput: when it fires more than a thousand times.
        """
        body = {"since": start.isoformat(), "until": end.isoformat(), "dry_run": True}
        answer = await self._calls.post(f"{_path(schedule_id)}/backfill", body, is_repeatable=True)
        _check_count(answer["count"], len(answer["firings"]))
        return [datetime.fromisoformat(each) for each in answer["firings"]]

    async def backfill(self, schedule_id: str, start: datetime, end: datetime) -> int:
        """Run what would have fired from `start` to `end`, one after another; return how many that are."""
        body = {"since": start.isoformat(), "until": end.isoformat()}
        return int((await self._calls.post(f"{_path(schedule_id)}/backfill", body))["count"])

    async def preview(
        self, start: datetime, end: datetime, schedule_id: str | None = None
    ) -> Sequence[Planned]:
        """Return what fires from `start` to `end`, in the order of time; paused schedules as if they did.

        What fires more often than hourly is counted by the day, unless it is asked for alone.

        Raises BadInput: when there are more than a thousand entries.
        """
        since, until = start.isoformat(), end.isoformat()
        answer = await self._calls.get(
            "/v1/schedules/preview", schedule=schedule_id, since=since, until=until, limit=MOST_FIRINGS
        )
        _check_count(answer["count"], len(answer["items"]))
        return [_planned(each) for each in answer["items"]]


def _path(schedule_id: str) -> str:
    return f"/v1/schedules/{quote(schedule_id, safe='')}"


def _check_count(count: int, told: int) -> None:
    if count > told:
        raise BadInput(f"it fires {count:,} times in that time, and {told:,} are told: ask for less")


def _planned(entry: Json) -> Planned:
    at = datetime.fromisoformat(entry["at"])
    return Planned(at, entry["schedule"], entry["firings"], entry["note"])


def _status(view: Json) -> ScheduleStatus:
    next_run = view["next_run"]
    return ScheduleStatus(
        id=view["id"],
        summary=view["summary"],
        when=view["when"],
        zone=ZoneInfo(view["zone"]),
        pause=_pause(view["paused"]),
        note=view["note"],
        last_run=_last_run(view["last_run"]),
        next_run=None if next_run is None else datetime.fromisoformat(next_run),
        missed_too_old=view["missed"]["too_old"],
        missed_overlap=view["missed"]["overlapped"],
    )


def _last_run(view: Json | None) -> LastRun | None:
    if view is None:
        return None
    status, task_id, held_by = view["status"], view["task_id"], view["held_by"]
    return LastRun(
        at=datetime.fromisoformat(view["at"]),
        workflow_id=view["workflow_id"],
        status=None if status is None else WorkflowExecutionStatus[status],
        task_id=None if task_id is None else UUID(task_id),
        skipped=view["outcome"] == SKIPPED,
        held_by=None if held_by is None else UUID(held_by),
    )


def _pause(view: Json | None) -> Pause | None:
    return None if view is None else Pause(view["by"], view["reason"], view["switched_off_by"])
