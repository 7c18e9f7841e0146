"""Schedules: what runs by itself. They are the installation's, and Temporal has them."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field

from mainspring.api.callers import Caller, Observer, Operator, Platform
from mainspring.api.models import Body, Moment
from mainspring.api.patience import in_time
from mainspring.client.errors import BadInput
from mainspring.client.schedules import Pause
from mainspring.client.schedules.outcomes import tasks_of_last_runs
from mainspring.client.schedules.pauses import LONGEST_REASON
from mainspring.client.schedules.views import planned_view, schedule_view

routes = APIRouter(prefix="/schedules", tags=["schedules"], dependencies=[Platform])

LONGEST_TIME = timedelta(days=366)
# Beyond these years calendars and Temporal's protocol reach their ends.
YEARS = (1970, 9000)
MOST_FIRINGS = 1_000

ScheduleId = Annotated[
    str, Path(max_length=200, description="The id of a schedule.", examples=["reconcile-tasks"])
]
Many = Annotated[int, Query(ge=1, le=MOST_FIRINGS, description="So many firings at most.")]


class PauseView(BaseModel):
    """Why a schedule does not fire: an operator's pause, a setting that switches it off, or both."""

    by: str | None
    reason: str | None
    switched_off_by: str | None


class LastRunView(BaseModel):
    """The last run; `outcome` is that of its task, SKIPPED when another task, `held_by`, held the key.

    `status` is that of its workflow, in Temporal's words.
    """

    at: datetime
    outcome: str | None
    workflow_id: str
    status: str | None
    task_id: str | None
    held_by: str | None


class Missed(BaseModel):
    """Firings without a run: a run was at work, or Temporal was away for too long."""

    overlapped: int
    too_old: int


class ScheduleView(BaseModel):
    """How a schedule stands."""

    id: str
    summary: str
    when: str
    zone: str
    last_run: LastRunView | None
    next_run: datetime | None
    missed: Missed
    note: str | None
    paused: PauseView | None


class Firing(BaseModel):
    """A firing, or the `firings` of a day. None comes when a change of the clock leaves it out."""

    at: datetime
    schedule: str
    firings: int
    note: str
    paused: bool


class Preview(BaseModel):
    """The first firings of a time, and how many entries there are in all."""

    count: int
    items: list[Firing]


class PauseBody(Body):
    """Why a schedule is paused, for those who look at it."""

    reason: str = Field(min_length=1, max_length=LONGEST_REASON, examples=["stocktaking"])


class Held(BaseModel):
    """What holds a schedule now; nothing: it fires."""

    id: str
    paused: PauseView | None


class Resumed(Held):
    """What has held a schedule until now, and what still does."""

    was: PauseView | None


class Triggered(BaseModel):
    """The schedule that was triggered. A run that is at work is not joined by another."""

    id: str


class BackfillBody(Body):
    """A time that is past. With `dry_run` the firings are listed, and nothing is started."""

    since: Moment = Field(examples=["2026-05-01T00:00:00Z"])
    until: Moment = Field(examples=["2026-05-02T00:00:00Z"])
    dry_run: bool = False


class Backfill(BaseModel):
    """How many runs start, or would; of a dry run the first firings as well."""

    count: int
    firings: list[datetime] = []


@routes.get("", operation_id="list_schedules")
async def list_schedules(who: Observer) -> list[ScheduleView]:
    """List the schedules with their last and next runs, and what holds them."""
    found = await in_time(who.service.schedules.list())
    tasks = await tasks_of_last_runs(who.service.database, found)
    return [ScheduleView(**schedule_view(each, tasks)) for each in found]


@routes.get("/preview", operation_id="preview_schedules")
async def preview_schedules(
    who: Observer,
    *,
    schedule: Annotated[str | None, Query(max_length=200, description="Of this one, each firing.")] = None,
    since: Annotated[Moment | None, Query(description="From then on; not given: from now on.")] = None,
    until: Annotated[Moment | None, Query(description="Until then; not given: for so many days.")] = None,
    days: Annotated[int, Query(ge=1, le=LONGEST_TIME.days, description="For so many days.")] = 7,
    limit: Many = 100,
) -> Preview:
    """Say what is going to fire. Paused schedules are shown as if they fired."""
    start = datetime.now(UTC) if since is None else _checked("since", since)
    end = start + timedelta(days=days) if until is None else _checked("until", until)
    _check_span("until", start, end)
    schedules = who.service.schedules
    entries = await in_time(schedules.preview(start, end, schedule))
    paused = {each.id for each in await in_time(schedules.list()) if each.pause}
    items = [Firing(**planned_view(each, paused)) for each in entries[:limit]]
    return Preview(count=len(entries), items=items)


@routes.post("/{schedule_id}/trigger", status_code=202, operation_id="trigger_schedule")
async def trigger_schedule(who: Operator, schedule_id: ScheduleId) -> Triggered:
    """Run the job of a schedule now, also while the schedule is paused."""
    await in_time(who.service.schedules.trigger(schedule_id))
    await _audit(who, schedule_id)
    return Triggered(id=schedule_id)


@routes.post("/{schedule_id}/pause", operation_id="pause_schedule")
async def pause_schedule(who: Operator, schedule_id: ScheduleId, body: PauseBody) -> Held:
    """Stop a schedule from firing until it is resumed, over restarts and new versions."""
    pause = await in_time(who.service.schedules.pause(schedule_id, body.reason, by=who.name))
    await _audit(who, schedule_id, after={"reason": body.reason})
    return Held(id=schedule_id, paused=_pause_view(pause))


@routes.post("/{schedule_id}/resume", operation_id="resume_schedule")
async def resume_schedule(who: Operator, schedule_id: ScheduleId) -> Resumed:
    """Let a paused schedule fire again, unless a setting switches it off."""
    was, left = await in_time(who.service.schedules.resume(schedule_id, by=who.name))
    if was is not None:
        await _audit(who, schedule_id, before={"reason": was.reason, "by": was.by})
    return Resumed(id=schedule_id, paused=_pause_view(left), was=_pause_view(was))


@routes.post("/{schedule_id}/backfill", status_code=202, operation_id="backfill_schedule")
async def backfill_schedule(who: Operator, schedule_id: ScheduleId, body: BackfillBody) -> Backfill:
    """Run what would have fired in a time that is past: each firing once, one after another."""
    since, until = _checked("body.since", body.since), _checked("body.until", body.until)
    _check_span("body.until", since, until)
    schedules = who.service.schedules
    if body.dry_run:
        found = await in_time(schedules.firings(schedule_id, since, until))
        return Backfill(count=len(found), firings=list(found[:MOST_FIRINGS]))
    count = await in_time(schedules.backfill(schedule_id, since, until))
    after = {"since": since, "until": until, "runs": count}
    await _audit(who, schedule_id, after=after)
    return Backfill(count=count)


def _checked(field: str, moment: datetime) -> datetime:
    if not YEARS[0] <= moment.year < YEARS[1]:
        raise BadInput(
            f"{field}: {moment.isoformat()} is not accepted: a time of the years {YEARS[0]} to {YEARS[1]}"
        )
    return moment


def _check_span(field: str, since: datetime, until: datetime) -> None:
    if not since <= until <= since + LONGEST_TIME:
        raise BadInput(
            f"{field}: {until.isoformat()} is not accepted: {LONGEST_TIME.days} days after since at most"
        )


def _pause_view(pause: Pause | None) -> PauseView | None:
    if pause is None:
        return None
    return PauseView(by=pause.by, reason=pause.reason, switched_off_by=pause.switch)


Facts = dict[str, Any] | None


async def _audit(who: Caller, schedule_id: str, *, before: Facts = None, after: Facts = None) -> None:
    await who.audit(f"schedule {schedule_id}", before=before, after=after, of_installation=True)
