"""Writing the ledger: what workflows and activities report of a task, and wishes to cancel it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import func, insert, literal, select

from mainspring.contracts.tasks import FinishTask, JsonObject, MarkWaiting, NewTask, TaskError, TaskState
from mainspring.domain.failures import fingerprint
from mainspring.domain.tasks import percentage
from mainspring.storage.ledger.beginning import Begun
from mainspring.storage.ledger.deliveries import announce_end
from mainspring.storage.ledger.progress import FlowProgress
from mainspring.storage.ledger.rows import still_active
from mainspring.storage.tables import TaskErrorRow, TaskRow


class Reported(Begun):
    """The writes from a task's start to its end."""

    async def add_finished(
        self, task: NewTask, finish: FinishTask, *, run_id: str, started_at: datetime, ended_at: datetime
    ) -> None:
        """Make the row of a workflow that is over and never wrote one."""
        await self._ensure(task, run_id=run_id, now=started_at)
        await self.finish(finish, now=ended_at)

    async def mark_waiting(self, message: MarkWaiting, *, now: datetime) -> None:
        """Set WAITING with its reason and the time it ends."""
        parent_id = await self._session.scalar(
            still_active(message.task_id)
            .values(
                state=TaskState.WAITING,
                waiting_for=message.waiting_for,
                resumes_at=message.resumes_at,
                updated_at=now,
            )
            .returning(TaskRow.parent_id)
        )
        if parent_id is not None:
            # It may say nothing more for a day.
            await FlowProgress(self._session).follow_children(parent_id, now=now, at_once=True)

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
            "finished_at": ended_at or now,
            "updated_at": now,
        }
        if message.state is TaskState.SUCCESS:
            values["progress"] = 100
        if message.state is TaskState.FAILED and message.error is not None:
            values |= await self._failure(message.task_id, message.error)
        changed = await self._changed(still_active(message.task_id).values(values))
        if changed and message.error is not None:
            await self._append_final_error(message.task_id, message.error)
        if changed:
            self.deliveries += await announce_end(self._session, message, now=now)
        return changed

    async def _failure(self, task_id: UUID, error: TaskError) -> dict[str, Any]:
        job = await self._session.scalar(select(TaskRow.job).where(TaskRow.id == task_id))
        return {} if job is None else failure_columns(job, error)

    async def _append_final_error(self, task_id: UUID, error: TaskError) -> None:
        # The last attempt's error is often in the log already, with its stack: once is enough. Others may
        # have followed it, for the steps of a flow fail side by side.
        logged = await self._session.scalar(
            select(TaskErrorRow.id)
            .where(
                TaskErrorRow.task_id == task_id,
                TaskErrorRow.error_type == error.error_type,
                TaskErrorRow.message == error.message,
            )
            .limit(1)
        )
        if logged is None:
            await self.append_error(task_id, error)

    async def append_error(self, task_id: UUID, error: TaskError) -> None:
        """Add one failure to the log; an unknown task is passed over."""
        if await self._session.get(TaskRow, task_id) is not None:
            await self._session.execute(insert(TaskErrorRow).values(task_id=task_id, **error.model_dump()))

    async def report_progress(
        self,
        task_id: UUID,
        *,
        processed: int,
        total: int | None,
        part: float = 0,
        step: str | None,
        checkpoint: JsonObject,
        now: datetime,
    ) -> None:
        """Write how far the work is, in the transaction that stores it; the percentage never falls.

        A retried activity goes on from `checkpoint`, so that its counts stay right whatever died.
        """
        percent = percentage(processed, total, part)
        greatest = func.max if self._session.get_bind().dialect.name == "sqlite" else func.greatest
        parent_id = await self._session.scalar(
            still_active(task_id)
            .values(
                processed=processed,
                total=total,
                current_step=step,
                checkpoint=checkpoint,
                progress=greatest(TaskRow.progress, percent),
                updated_at=now,
            )
            .returning(TaskRow.parent_id)
        )
        if parent_id is not None:
            await FlowProgress(self._session).follow_children(parent_id, now=now)

    async def note_step(self, task_id: UUID, step: str, *, now: datetime) -> None:
        """Write what a task is doing just now."""
        await self._session.execute(still_active(task_id).values(current_step=step, updated_at=now))

    async def checkpoint(self, task_id: UUID, *, hold: bool = False) -> JsonObject | None:
        """Return what `report_progress` last kept; `hold` keeps others from it until the transaction ends."""
        query = select(TaskRow.checkpoint).where(TaskRow.id == task_id)
        # SQLite leaves out FOR UPDATE: there the transaction has held the one write lock from its beginning.
        return await self._session.scalar(query.with_for_update(key_share=True) if hold else query)

    async def request_cancel(self, task_id: UUID, *, now: datetime) -> bool:
        """Note that cancellation was asked for; one that Temporal does not know is CANCELLED at once.

        Returns whether Temporal has to be told.
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
            self.deliveries += await announce_end(self._session, finish, now=now)
        return not ended


def failure_columns(job: str, error: TaskError) -> dict[str, Any]:
    """Return what a FAILED row says of its failure, and the group that it belongs to."""
    return {
        "error_type": error.error_type,
        "error_message": error.message,
        "fingerprint": fingerprint(job, error.error_type, error.message),
    }
