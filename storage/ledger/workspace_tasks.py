"""Looking at the tasks of one workspace: what a caller from outside may see of the ledger."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import Task, TaskError, TaskFilter
from mainspring.storage.dialect import chunks
from mainspring.storage.ledger.rows import ACTIVE_NAMES, error_of, task_of
from mainspring.storage.ledger.step_queries import StepQueries
from mainspring.storage.ledger.task_queries import TaskQueries
from mainspring.storage.repository import Cursor, Repository, found_otherwise, newest_first
from mainspring.storage.tables import TaskErrorRow, TaskRow


class WorkspaceTasks(Repository):
    """The tasks of a workspace, inside the caller's transaction. Other workspaces' tasks are unknown here."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace
        self._own = TaskRow.workspace == workspace
        self._found_otherwise = found_otherwise(TaskRow.workspace, workspace)

    async def get(self, task_id: UUID) -> Task | None:
        """Return one task with its error log."""
        task = await TaskQueries(self._session).get(task_id)
        return None if task is None or task.workspace != self._workspace else task

    async def find(
        self, task_filter: TaskFilter | None = None, *, before: Cursor | None = None, limit: int = 50
    ) -> list[Task]:
        """Return a page of tasks, the newest first.

        A task that goes on has the last entry of its error log, which says what it may wait for.
        """
        query = select(TaskRow).where(self._own, *_conditions(task_filter or TaskFilter()))
        query = newest_first(query, (TaskRow.created_at, TaskRow.id), before=before, limit=limit)
        rows = (await self._session.scalars(query)).all()
        errors = await self.last_errors([row.id for row in rows if row.state in ACTIVE_NAMES])
        return [task_of(row, errors.get(row.id, ())) for row in rows]

    async def last_errors(self, task_ids: Sequence[UUID]) -> dict[UUID, tuple[TaskError]]:
        """Return the last entry of each task's error log, of those that have one."""
        found: dict[UUID, tuple[TaskError]] = {}
        for chunk in chunks(task_ids):
            last = select(func.max(TaskErrorRow.id)).where(TaskErrorRow.task_id.in_(chunk))
            query = select(TaskErrorRow).where(TaskErrorRow.id.in_(last.group_by(TaskErrorRow.task_id)))
            found |= {row.task_id: (error_of(row),) for row in await self._session.scalars(query)}
        return found

    async def children(self, task_id: UUID) -> list[Task]:
        """Return the tasks that are steps of another one, in the order of their making."""
        query = (
            select(TaskRow)
            .where(self._found_otherwise, TaskRow.parent_id == task_id)
            .order_by(TaskRow.created_at, TaskRow.id)
        )
        return [task_of(row) for row in await self._session.scalars(query)]

    async def steps(self, task_id: UUID) -> list[StepResult]:
        """Return the steps of a task that is a flow, as declared; none for any other task."""
        is_own = select(TaskRow.id).where(self._found_otherwise, TaskRow.id == task_id)
        if await self._session.scalar(is_own) is None:
            return []
        return await StepQueries(self._session).steps(task_id)

    async def count_active(self, *, most: int) -> int:
        """Return how many tasks have not ended; from `most` on nothing is counted further."""
        active = select(TaskRow.id).where(self._own, TaskRow.state.in_(ACTIVE_NAMES)).limit(most)
        return await self._session.scalar(select(func.count()).select_from(active.subquery())) or 0

    async def id_starting_with(self, prefix: str) -> list[UUID]:
        """Return up to two ids that begin with `prefix` (hexadecimal, dashes optional)."""
        return await self._ids_starting_with(TaskRow.id, prefix, self._found_otherwise)


def _conditions(task_filter: TaskFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if task_filter.job is not None:
        conditions.append(TaskRow.job == task_filter.job)
    if task_filter.states:
        conditions.append(TaskRow.state.in_(task_filter.states))
    if task_filter.without:
        conditions.append(TaskRow.job.not_in(task_filter.without))
    if task_filter.fairness_key is not None:
        conditions.append(TaskRow.fairness_key == task_filter.fairness_key)
    if task_filter.top:
        conditions.append(TaskRow.parent_id.is_(None))
    return conditions
