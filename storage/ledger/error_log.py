"""The error log of tasks: an entry for each failed attempt."""

from uuid import UUID

from sqlalchemy import insert, select

from mainspring.contracts.tasks import TaskError
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskErrorRow, TaskRow


class ErrorLog(Repository):
    """Writes the error log, inside the caller's transaction."""

    async def append(self, task_id: UUID, error: TaskError) -> None:
        """Add a failure; nothing is written for an unknown task."""
        if await self._session.get(TaskRow, task_id) is not None:
            await self._session.execute(insert(TaskErrorRow).values(task_id=task_id, **error.model_dump()))

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
