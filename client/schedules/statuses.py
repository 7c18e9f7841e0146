"""A schedule as Temporal has it now."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from temporalio.client import (
    Client,
    ScheduleActionExecutionStartWorkflow,
    ScheduleDescription,
    WorkflowExecutionStatus,
)
from temporalio.service import RPCError, RPCStatusCode

from mainspring.client.schedules.changes import intervals_of, zone_of
from mainspring.client.schedules.pauses import Pause
from mainspring.client.schedules.rows import ScheduledJob
from mainspring.config.zones import zone_named
from mainspring.contracts.tasks import RunSkipped
from mainspring.domain.tasks import derived_task_id
from mainspring.workflows.runtime.catalogue import job_named


@dataclass(frozen=True)
class LastRun:
    """The last run of a schedule; `status` is the workflow's, unknown when Temporal has forgotten it.

    Housekeeping has no task in the ledger. A run that was `skipped` has none either: a task held the key of
    the job, that of the id `held_by` if a worker of this release has run it.
    """

    at: datetime
    workflow_id: str
    status: WorkflowExecutionStatus | None
    task_id: UUID | None
    skipped: bool = False
    held_by: UUID | None = None


@dataclass(frozen=True)
class ScheduleStatus:
    """How a schedule stands; `last_run` and `next_run` are absent when there is none.

    Missed are firings that were too old when Temporal was back (`missed_too_old`), and those that came
    while a run was at work (`missed_overlap`), as most of those of an outage are.
    """

    id: str
    summary: str
    when: str
    zone: ZoneInfo
    pause: Pause | None
    note: str | None
    last_run: LastRun | None
    next_run: datetime | None
    missed_too_old: int
    missed_overlap: int


def status_of(row: ScheduledJob, described: ScheduleDescription) -> ScheduleStatus:
    """Return how a declared schedule stands; zone and intervals are those that Temporal has."""
    info, state, zone = described.info, described.schedule.state, zone_of(described.schedule)
    return ScheduleStatus(
        id=row.id,
        summary=row.summary,
        when=intervals_of(described.schedule) or replace(row, zone=zone).words(),
        zone=zone_named(zone),
        pause=Pause.of(state),
        note=state.note or None,
        last_run=_last_run(row, described),
        next_run=info.next_action_times[0] if info.next_action_times and not state.paused else None,
        missed_too_old=info.num_actions_missed_catchup_window,
        missed_overlap=info.num_actions_skipped_overlap,
    )


async def with_last_run(client: Client, status: ScheduleStatus) -> ScheduleStatus:
    """Return it with how its last run is doing: of its end a schedule hears only at its next firing."""
    last = status.last_run
    if last is None:
        return status
    handle = client.get_workflow_handle(last.workflow_id)
    try:
        if last.status in {None, WorkflowExecutionStatus.RUNNING}:
            last = replace(last, status=(await handle.describe()).status)
        if last.task_id is not None and last.status is WorkflowExecutionStatus.COMPLETED:
            last = _with_result(last, await handle.result())
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND:
            raise
        last = replace(last, status=None)
    return replace(status, last_run=last)


def _with_result(last: LastRun, result: object) -> LastRun:
    """Tell a run that did nothing from one that did its job: the release before gave nothing back."""
    if result is None:
        return replace(last, skipped=True)
    if isinstance(result, dict) and result.keys() == RunSkipped.model_fields.keys():
        return replace(last, skipped=True, held_by=RunSkipped.restore(result).held_by)
    return last


def _last_run(row: ScheduledJob, described: ScheduleDescription) -> LastRun | None:
    if not described.info.recent_actions:
        return None
    last = described.info.recent_actions[-1]
    if not isinstance(last.action, ScheduleActionExecutionStartWorkflow):
        return None
    # The SDK leaves out how the run ended, which the server has been told.
    status = described.raw_description.info.recent_actions[-1].start_workflow_status
    is_internal = job_named(row.job).is_internal
    return LastRun(
        at=last.started_at,
        workflow_id=last.action.workflow_id,
        status=WorkflowExecutionStatus(status) if status else None,
        task_id=None if is_internal else derived_task_id(last.action.first_execution_run_id),
    )
