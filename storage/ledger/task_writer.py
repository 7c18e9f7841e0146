"""Writing the ledger: what workflows and activities report of a task, and that it is to be cancelled."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, case, func, insert, literal, null, or_, select, update

from mainspring.contracts.tasks import (
    BeginTask,
    FinishTask,
    MarkWaiting,
    NewTask,
    TaskBegun,
    TaskError,
    TaskState,
)
from mainspring.storage.ledger.deliveries import announce_end
from mainspring.storage.ledger.error_log import ErrorLog
from mainspring.storage.ledger.flow_progress import FlowProgress
from mainspring.storage.ledger.intake import TaskIntake
from mainspring.storage.ledger.repeats import Repeats
from mainspring.storage.ledger.rows import failure_columns, queued_row, raw_task, still_active
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow

# A task that need not wait: noted while the task waited, or before it did, as a time in the past.
IS_LET_GO_ON = or_(
    and_(TaskRow.state == TaskState.WAITING, TaskRow.resumes_at.is_(None)),
    and_(TaskRow.state == TaskState.RUNNING, TaskRow.resumes_at.is_not(None)),
)


class TaskWriter(Repository):
    """Writes what becomes of a task from its start to its end, inside the caller's transaction.

    No write leaves a final state.
    """

    async def begin(self, message: BeginTask, *, now: datetime) -> TaskBegun:
        """Set RUNNING. A raw start gets its row here; a task whose time has not come stays QUEUED.

        A raw start whose key another task holds gets no row: the other task is named.
        A debounced task gives up its key, so that the next start makes another task.
        """
        task_id = message.task_id or message.fallback_id
        held_by = await self._ensure(raw_task(message), run_id=message.run_id, now=now)
        if held_by is not None:
            return TaskBegun(task_id=held_by, already_final=False, held_by=held_by)
        row = await self._session.get_one(TaskRow, task_id, with_for_update=True, populate_existing=True)
        if row.finished_at is not None:
            return TaskBegun(task_id=task_id, already_final=True)
        if row.state == TaskState.QUEUED:
            starts_in = await Repeats(self._session).starts_in(row, now)
            if starts_in > timedelta():
                await self._snooze_until(row, now + starts_in, message.run_id)
                return TaskBegun(task_id=task_id, already_final=False, starts_in=starts_in)
        await self._set_running(row, message.run_id, now)
        newer_input = row.input if row.quiet_seconds is not None and row.input != message.input else None
        return TaskBegun(task_id=task_id, already_final=False, input=newer_input)

    async def _set_running(self, row: TaskRow, run_id: str, now: datetime) -> None:
        key = row.dedupe_key if row.quiet_seconds is None else None
        await self._session.execute(
            still_active(row.id).values(
                state=TaskState.RUNNING,
                run_id=run_id,
                dedupe_key=key,
                started_at=func.coalesce(TaskRow.started_at, now),
                waiting_for=None,
                resumes_at=None,
                updated_at=now,
            )
        )

    async def _snooze_until(self, row: TaskRow, starts_at: datetime, run_id: str) -> None:
        await self._session.execute(
            update(TaskRow).where(TaskRow.id == row.id).values(starts_at=starts_at, run_id=run_id)
        )

    async def _ensure(self, task: NewTask, *, run_id: str, now: datetime) -> UUID | None:
        """Make the row of a task that has none; return the task that holds its key instead, if one does."""
        if await self._session.get(TaskRow, task.id) is not None:
            return None
        if task.dedupe_key is not None:
            (enqueued,) = await TaskIntake(self._session).enqueue([task], now=now)
            return enqueued.task_id if enqueued.deduplicated else None
        task = await self._in_workspace_of_parent(task)
        await self._session.execute(insert(TaskRow).values(queued_row(task, now) | {"run_id": run_id}))
        # A child of a flow that is retried takes the place of the child before it.
        await self._session.execute(
            update(TaskRow)
            .where(TaskRow.id == task.retry_of, TaskRow.retried_by.is_(None))
            .values(retried_by=task.id)
        )
        return None

    async def _in_workspace_of_parent(self, task: NewTask) -> NewTask:
        if task.parent_id is None:
            return task
        query = select(TaskRow.workspace).where(TaskRow.id == task.parent_id)
        workspace = await self._session.scalar(query)
        return task if workspace is None else task.model_copy(update={"workspace": workspace})

    async def add_finished(
        self, task: NewTask, finish: FinishTask, *, run_id: str, started_at: datetime, ended_at: datetime
    ) -> None:
        """Make the row of a workflow that is over and never wrote one."""
        await self._ensure(task, run_id=run_id, now=started_at)
        await self.finish(finish, now=ended_at)

    async def mark_waiting(self, message: MarkWaiting, *, now: datetime) -> None:
        """Set WAITING with its reason and the time it ends, unless the task was let go on meanwhile."""
        parent_id = await self._session.scalar(
            still_active(message.task_id)
            .values(
                state=TaskState.WAITING,
                waiting_for=message.waiting_for,
                resumes_at=case((IS_LET_GO_ON, null()), else_=message.resumes_at),
                updated_at=now,
            )
            .returning(TaskRow.parent_id)
        )
        if parent_id is not None:
            # The child may say nothing more for a day.
            await FlowProgress(self._session).follow_children(parent_id, now=now, at_once=True)

    async def let_go_on(self, task_ids: Collection[UUID], *, now: datetime) -> None:
        """Note that tasks need not wait, also those that are about to: the relay tells Temporal."""
        active = update(TaskRow).where(TaskRow.id.in_(task_ids), TaskRow.finished_at.is_(None))
        is_waiting = TaskRow.state == TaskState.WAITING
        await self._session.execute(
            active.values(resumes_at=case((is_waiting, null()), else_=now), updated_at=now)
        )

    async def mark_running(self, task_id: UUID, *, now: datetime) -> None:
        """Set RUNNING again after a wait."""
        await self._session.execute(
            still_active(task_id).values(
                state=TaskState.RUNNING, waiting_for=None, resumes_at=None, updated_at=now
            )
        )

    async def finish(self, message: FinishTask, *, now: datetime, ended_at: datetime | None = None) -> bool:
        """Set a final state; return False when the row was final already (or is unknown).

        `ended_at` is when the task ended, if that was before now. A result that was written before stays:
        what a flow's workflow tells is not all of it.
        """
        values: dict[str, Any] = {
            "state": message.state,
            "result": func.coalesce(TaskRow.result, literal(message.result, TaskRow.result.type)),
            "waiting_for": None,
            "resumes_at": None,
            "next_attempt_at": None,
            "finished_at": ended_at or now,
            "updated_at": now,
        }
        if message.state is TaskState.SUCCESS:
            values["progress"] = 100
        if message.state is TaskState.FAILED and message.error is not None:
            values |= await self._failure(message.task_id, message.error)
        changed = bool(await self._changed(still_active(message.task_id).values(values)))
        if changed and message.error is not None:
            await ErrorLog(self._session).append_last(message.task_id, message.error)
        if changed:
            await announce_end(self._session, message, now=now)
        return changed

    async def _failure(self, task_id: UUID, error: TaskError) -> dict[str, Any]:
        job = await self._session.scalar(select(TaskRow.job).where(TaskRow.id == task_id))
        return {} if job is None else failure_columns(job, error)

    async def forget_run(self, task_id: UUID) -> bool:
        """Let the relay start a task that has not begun; return False when the task has, or is to end."""
        has_not_begun = (TaskRow.state == TaskState.QUEUED, TaskRow.cancel_requested_at.is_(None))
        return bool(await self._changed(still_active(task_id).where(*has_not_begun).values(run_id=None)))

    async def request_cancel(self, task_id: UUID, *, now: datetime) -> bool:
        """Write that cancellation was asked for; return whether Temporal has to be told.

        A task that Temporal does not know is CANCELLED at once.
        """
        await self._session.execute(
            still_active(task_id)
            .where(TaskRow.cancel_requested_at.is_(None))
            .values(cancel_requested_at=now, updated_at=now)
        )
        at_once = still_active(task_id).where(TaskRow.run_id.is_(None), TaskRow.claimed_by.is_(None))
        ended = await self._changed(
            at_once.values(state=TaskState.CANCELLED, next_attempt_at=None, finished_at=now, updated_at=now)
        )
        if ended:
            finish = FinishTask(task_id=task_id, state=TaskState.CANCELLED)
            await announce_end(self._session, finish, now=now)
        return not ended
