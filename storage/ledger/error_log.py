"""The error log of tasks: an entry for each failed attempt."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, delete, insert, select

from mainspring.contracts.tasks import TaskError
from mainspring.storage.ledger.rows import still_active
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskErrorRow, TaskRow


class ErrorLog(Repository):
    """Writes the error log, inside the caller's transaction."""

    async def append(self, task_id: UUID, error: TaskError, *, next_at: datetime | None = None) -> None:
        """Add a failure, and note when the next attempt comes; nothing is written for an unknown task.

        When the attempts of a batched queue come, their acknowledgement says.
        """
        if await self._session.get(TaskRow, task_id) is None:
            return
        await self._session.execute(insert(TaskErrorRow).values(task_id=task_id, **error.model_dump()))
        if next_at is not None:
            own = still_active(task_id).where(TaskRow.is_pooled.is_(False))
            await self._session.execute(own.values(next_attempt_at=next_at))

    async def append_all(self, errors: Sequence[tuple[UUID, TaskError]]) -> None:
        """Add failures of tasks that are there."""
        if errors:
            rows = [{"task_id": task_id, **error.model_dump()} for task_id, error in errors]
            await self._session.execute(insert(TaskErrorRow), rows)

    async def forget_same(self, errors: Sequence[tuple[UUID, TaskError]]) -> None:
        """Remove the entries of the same step and type as these.

        A failure that comes again until a person has mended its cause may come for weeks. Its words may vary:
        a request's id, a port, an address.
        """
        same = delete(TaskErrorRow).where(
            TaskErrorRow.task_id == bindparam("task"),
            TaskErrorRow.step == bindparam("at_step"),
            TaskErrorRow.error_type == bindparam("type"),
        )
        if errors:
            rows = [
                {"task": task_id, "at_step": error.step, "type": error.error_type}
                for task_id, error in errors
            ]
            await (await self._session.connection()).execute(same, rows)

    async def append_last(self, task_id: UUID, error: TaskError) -> None:
        """Add the failure that has ended a task, unless the log has an entry of the same type and message.

        The last attempt's entry, with its stack, is often there already. Other entries may have followed it,
        for the steps of a flow fail side by side.
        """
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
            await self.append(task_id, error)
