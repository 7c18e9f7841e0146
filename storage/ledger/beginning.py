"""A workflow begins: its row is found or made, or it is told to come back later."""

from datetime import datetime, timedelta

from sqlalchemy import func, insert, select, update

from mainspring.contracts.tasks import BeginTask, NewTask, TaskBegun, TaskState
from mainspring.storage.ledger.intake import queued_row
from mainspring.storage.ledger.rows import LedgerQueries, still_active
from mainspring.storage.tables import TaskRow

# One that waits for an earlier run of its key looks again after half of what that has taken so far: 17 looks
# in an hour for a quiet time of 2 s, and never half as long again as needed.
NEXT_LOOK = 0.5


class Begun(LedgerQueries):
    """The writes at a task's start."""

    async def begin(self, message: BeginTask, *, now: datetime) -> TaskBegun:
        """Set RUNNING, making the row for a raw start; a task whose time has not come stays QUEUED.

        A task that waited for a quiet time gives up its key, so that the next start makes another task.
        """
        task_id = message.task_id or message.fallback_id
        await self._ensure(_raw(message), run_id=message.run_id, now=now)
        row = await self._session.get_one(TaskRow, task_id, with_for_update=True, populate_existing=True)
        if row.finished_at is not None:
            return TaskBegun(task_id=task_id, already_final=True)
        if row.state == TaskState.QUEUED and (starts_in := await self._starts_in(row, now)) > timedelta():
            await self._put_off_until(row, now + starts_in, message.run_id)
            return TaskBegun(task_id=task_id, already_final=False, starts_in=starts_in)
        await self._set_running(row, message.run_id, now)
        given = row.input if row.quiet_seconds is not None and row.input != message.input else None
        return TaskBegun(task_id=task_id, already_final=False, input=given)

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

    async def _starts_in(self, row: TaskRow, now: datetime) -> timedelta:
        """Return how long a queued task has to wait still; zero or less when its time has come."""
        starts_in = timedelta() if row.starts_at is None else row.starts_at - now
        if starts_in > timedelta() or row.quiet_seconds is None:
            return starts_in
        # The one before, which has given up the key, must not write its older input after this one.
        began_at = await self._session.scalar(
            select(func.max(TaskRow.started_at)).where(
                TaskRow.job_key == row.job_key,
                TaskRow.id != row.id,
                TaskRow.state.in_([TaskState.RUNNING, TaskState.WAITING]),
            )
        )
        if began_at is None:
            return timedelta()
        return max(timedelta(seconds=row.quiet_seconds), (now - began_at) * NEXT_LOOK)

    async def _put_off_until(self, row: TaskRow, starts_at: datetime, run_id: str) -> None:
        await self._session.execute(
            update(TaskRow).where(TaskRow.id == row.id).values(starts_at=starts_at, run_id=run_id)
        )

    async def _ensure(self, task: NewTask, *, run_id: str, now: datetime) -> None:
        if await self._session.get(TaskRow, task.id) is None:
            await self._session.execute(insert(TaskRow).values(queued_row(task, now) | {"run_id": run_id}))
            # A child of a flow that is retried takes the place of the child before it.
            await self._session.execute(
                update(TaskRow)
                .where(TaskRow.id == task.retry_of, TaskRow.retried_by.is_(None))
                .values(retried_by=task.id)
            )


def _raw(message: BeginTask) -> NewTask:
    told = message.model_dump(include={"job", "workflow_id", "input", "workspace", "triggered_by"})
    if message.child is not None:
        told |= message.child.model_dump(exclude={"step", "input_hash"})
    return NewTask(id=message.task_id or message.fallback_id, dedupe_key=None, **told)
