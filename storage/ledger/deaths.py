"""How many workers in a row have died while they ran a task."""

from typing import Any
from uuid import UUID

from sqlalchemy import case, select

from mainspring.storage.ledger.rows import ACTIVE_NAMES, still_active
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow

# The first death in a row. Whose fault it was is not known: the worker may have run other tasks beside.
AT_LEAST_ONE = case((TaskRow.deaths > 0, TaskRow.deaths), else_=1)


class DeathCount(Repository):
    """Counts the deaths of a task that goes on, inside the caller's transaction."""

    async def task_of(self, workflow_id: str) -> UUID | None:
        """Return the task that a workflow works for; None when that has no row of its own."""
        return await self._session.scalar(
            select(TaskRow.id)
            .where(
                TaskRow.workflow_id == workflow_id,
                TaskRow.state.in_(ACTIVE_NAMES),
                TaskRow.is_pooled.is_(False),
            )
            .limit(1)
        )

    async def suspect(self, task_id: UUID) -> int | None:
        """Count one death, if none is counted: a worker died that ran the task. Return the number of deaths.

        None when the task has ended, or is none.
        """
        return await self._write(task_id, AT_LEAST_ONE)

    async def of(self, task_id: UUID) -> int | None:
        """Return how many workers in a row have died; None when the task has ended, or is none."""
        return await self._session.scalar(
            select(TaskRow.deaths).where(TaskRow.id == task_id, TaskRow.state.in_(ACTIVE_NAMES))
        )

    async def write(self, task_id: UUID, deaths: int) -> int | None:
        """Write how many workers in a row have died; 0 when an attempt has ended, and its worker lives."""
        return await self._write(task_id, deaths)

    async def _write(self, task_id: UUID, deaths: Any) -> int | None:
        written = still_active(task_id).values(deaths=deaths).returning(TaskRow.deaths)
        return await self._session.scalar(written)
