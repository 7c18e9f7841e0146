"""The sweep: a workflow that was terminated, timed out or never began runs no code to say so."""

from collections.abc import Awaitable
from datetime import datetime, timedelta
from typing import NewType
from uuid import UUID

import structlog
from temporalio import activity
from temporalio.client import WorkflowExecution, WorkflowExecutionStatus

from mainspring.activities.flows import close_flow
from mainspring.activities.runtime.task_log import log_end
from mainspring.contracts.tasks import (
    FinishTask,
    NewTask,
    ReconcileTasks,
    Task,
    TaskError,
    TasksReconciled,
    TaskState,
)
from mainspring.contracts.text import values_without_secrets
from mainspring.domain.tasks import derived_task_id
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import TransientError
from mainspring.gateways.temporal import ClosedRun, TemporalGateway, first_run_id
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import DatabaseAway
from mainspring.storage.ledger import TaskQueries, TaskWriter

log = structlog.get_logger(__name__)

# Ids in one query to Temporal's list.
PAGE = 100

# A row that was written to just now is alive, or its workflow is not listed yet: each would cost a call.
UNTOUCHED_FOR = timedelta(seconds=2)

# Runs that closed without a row are looked for this far back: the dev server's own default retention.
LOOK_BACK = timedelta(days=1)

STATES = {
    WorkflowExecutionStatus.COMPLETED: TaskState.SUCCESS,
    WorkflowExecutionStatus.CANCELED: TaskState.CANCELLED,
}


# Whether a row was written; None when that failed.
Result = bool | None

# The workflow types that have rows in the ledger.
RecordedJobs = NewType("RecordedJobs", frozenset[str])


class ReconcileActivities:
    """Compares the ledger with Temporal."""

    def __init__(
        self, database: Database, temporal: TemporalGateway, clock: Clock, jobs: RecordedJobs
    ) -> None:
        self._database = database
        self._temporal = temporal
        self._clock = clock
        self._jobs = jobs

    @activity.defn(name="tasks.reconcile")
    async def reconcile(self, message: ReconcileTasks) -> TasksReconciled:
        """End the active rows whose workflow is over, and make rows for workflows that failed without one."""
        now = self._clock.now()
        checked, ended = await self._end_dead_rows(now)
        since = max(message.since, now - LOOK_BACK) if message.since else now - LOOK_BACK
        created = await self._make_missing_rows(since)
        return TasksReconciled(
            checked=checked,
            ended=ended.count(True),
            created=created.count(True),
            failed=ended.count(None) + created.count(None),
            # What failed is looked for again, until it is too long ago.
            until=since if None in created else now,
        )

    async def _end_dead_rows(self, now: datetime) -> tuple[int, list[Result]]:
        checked, ended, after = 0, list[Result](), None
        while page := await self._active_page(now - UNTOUCHED_FOR, after):
            alive = await self._alive(page)
            ended += [await _guarded(self._end(task), task.id) for task in page if task.id not in alive]
            checked += len(page)
            after = page[-1].id
        return checked, ended

    async def _alive(self, page: list[Task]) -> set[UUID]:
        # Another run may have a dead one's workflow id, so the id alone says nothing.
        running = self._temporal.running({task.workflow_id for task in page})
        return {await self._task_id(execution) async for execution in running}

    async def _task_id(self, execution: WorkflowExecution) -> UUID:
        return await self._temporal.task_id_of(execution) or derived_task_id(first_run_id(execution))

    async def _active_page(self, untouched_since: datetime, after: UUID | None) -> list[Task]:
        return await self._database.read(
            lambda session: TaskQueries(session).active_started(
                untouched_since=untouched_since, after=after, limit=PAGE
            )
        )

    async def _end(self, task: Task) -> bool:
        if task.run_id is None:
            return False
        closed = await self._temporal.closed_run(task.workflow_id, task.run_id)
        if closed is None:
            return False
        if closed.is_lost and task.parent_id is None and await self._given_back(task):
            return False
        finish = self._final_state(task.id, closed)

        async def write(session: Session) -> bool:
            now = self._clock.now()
            flow = await close_flow(session, task.id, now=now)
            kept = {} if flow is None else {"result": flow.model_dump(mode="json")}
            final = finish.model_copy(update=kept)
            return await TaskWriter(session).finish(final, now=now, ended_at=closed.closed_at)

        has_ended = await self._database.transact(write)
        if has_ended:
            log_end(task.id, task.job, finish.state, finish.error)
        return has_ended

    async def _given_back(self, task: Task) -> bool:
        """Leave to the relay what has not begun and is not in Temporal, which was set up anew."""
        return await self._database.transact(lambda session: TaskWriter(session).forget_run(task.id))

    def _final_state(self, task_id: UUID, closed: ClosedRun) -> FinishTask:
        state = STATES.get(closed.status, TaskState.FAILED)
        error = None
        if state is TaskState.FAILED:
            error = TaskError(
                at=self._clock.now(),
                step="workflow",
                error_type=closed.error_type,
                message=_told(closed),
            )
        return FinishTask(task_id=task_id, state=state, result=closed.result, error=error)

    async def _make_missing_rows(self, since: datetime) -> list[Result]:
        created: list[Result] = []
        page: dict[UUID, WorkflowExecution] = {}
        async for execution in self._temporal.closed_without_success(self._jobs, since=since):
            page[await self._task_id(execution)] = execution
            if len(page) == PAGE:
                created += await self._make_rows(page)
                page = {}
        return created + await self._make_rows(page)

    async def _make_rows(self, page: dict[UUID, WorkflowExecution]) -> list[Result]:
        known = await self._database.read(lambda session: TaskQueries(session).known(page))
        return [
            await _guarded(self._make_row(task_id, execution), task_id)
            for task_id, execution in page.items()
            if task_id not in known
        ]

    async def _make_row(self, task_id: UUID, execution: WorkflowExecution) -> bool:
        closed = await self._temporal.closed_run(execution.id, execution.run_id)
        if closed is None:
            return False
        message = await self._temporal.input_of(execution.id, execution.run_id)
        row = NewTask(
            id=task_id,
            job=execution.workflow_type,
            workflow_id=execution.id,
            dedupe_key=None,
            # Nobody has sealed what was started by Temporal's own means.
            input=values_without_secrets(message),
            triggered_by="temporal",
            # Whose the row is follows from the parent.
            parent_id=await self._temporal.parent_id_of(execution),
        )
        finish = self._final_state(task_id, closed)
        run_id, ended_at = first_run_id(execution), execution.close_time or self._clock.now()

        await self._database.transact(
            lambda session: TaskWriter(session).add_finished(
                row, finish, run_id=run_id, started_at=execution.start_time, ended_at=ended_at
            )
        )
        return True


async def _guarded(work: Awaitable[bool], task_id: UUID) -> Result:
    try:
        return await work
    except (TransientError, DatabaseAway):
        raise  # not this row's fault: the whole sweep is tried again
    except Exception:
        # Whatever is odd about one run, counted in the result, the others must not wait for it.
        log.exception("task not reconciled", task_id=str(task_id))
        return None


def _told(closed: ClosedRun) -> str:
    """Say how a workflow ended as its pages do: "terminated", or "timed out"; else its own message."""
    words = {
        WorkflowExecutionStatus.TERMINATED: "terminated",
        WorkflowExecutionStatus.TIMED_OUT: "timed out",
    }.get(closed.status)
    if words is None or closed.is_lost:
        return closed.error_message
    return f"{words}: {closed.error_message}" if closed.error_message else words
