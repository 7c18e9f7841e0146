"""Reading the ledger: for people, for the relay and for the reconciler."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, tuple_

from mainspring.contracts.tasks import Task, TaskError, TaskFilter, TaskState
from mainspring.storage.dialect import chunks
from mainspring.storage.ledger.rows import ACTIVE_NAMES, error_of, task_of
from mainspring.storage.repository import Cursor, Repository, newest_first
from mainspring.storage.tables import TaskErrorRow, TaskRow

# Accepted, and Temporal has not been told.
UNSTARTED = and_(TaskRow.state == TaskState.QUEUED, TaskRow.run_id.is_(None))


class TaskQueries(Repository):
    """Looks at tasks, inside the caller's transaction, and changes nothing."""

    async def get(self, task_id: UUID) -> Task | None:
        """Return one task with its error log."""
        row = await self._session.get(TaskRow, task_id, populate_existing=True)
        if row is None:
            return None
        errors = select(TaskErrorRow).where(TaskErrorRow.task_id == task_id).order_by(TaskErrorRow.id)
        return task_of(row, [error_of(error) for error in await self._session.scalars(errors)])

    async def known(self, task_ids: Collection[UUID]) -> set[UUID]:
        """Return which of these ids have a row."""
        return set(await self._session.scalars(select(TaskRow.id).where(TaskRow.id.in_(task_ids))))

    async def find(
        self, wanted: TaskFilter | None = None, *, before: Cursor | None = None, limit: int = 50
    ) -> list[Task]:
        """Return a page of tasks, the newest first.

        A task that goes on has the last entry of its error log, which says what it may wait for.
        """
        query = select(TaskRow).where(*_conditions(wanted or TaskFilter()))
        query = newest_first(query, (TaskRow.created_at, TaskRow.id), before=before, limit=limit)
        rows = (await self._session.scalars(query)).all()
        errors = await self._last_errors([row.id for row in rows if row.state in ACTIVE_NAMES])
        return [task_of(row, errors.get(row.id, ())) for row in rows]

    async def _last_errors(self, task_ids: Sequence[UUID]) -> dict[UUID, tuple[TaskError]]:
        """Return the last entry of each task's error log, of those that have one."""
        found: dict[UUID, tuple[TaskError]] = {}
        for chunk in chunks(task_ids):
            last = select(func.max(TaskErrorRow.id)).where(TaskErrorRow.task_id.in_(chunk))
            query = select(TaskErrorRow).where(TaskErrorRow.id.in_(last.group_by(TaskErrorRow.task_id)))
            found |= {row.task_id: (error_of(row),) for row in await self._session.scalars(query)}
        return found

    async def children(self, task_id: UUID) -> list[Task]:
        """Return the tasks that are steps of another one, in the order of their making."""
        query = select(TaskRow).where(TaskRow.parent_id == task_id).order_by(TaskRow.created_at, TaskRow.id)
        return [task_of(row) for row in await self._session.scalars(query)]

    async def id_starting_with(self, prefix: str) -> list[UUID]:
        """Return up to two ids that begin with `prefix` (hexadecimal, dashes optional)."""
        return await self._ids_starting_with(TaskRow.id, prefix)

    async def unstarted(
        self, *, limit: int, created_before: datetime, after: Task | None = None
    ) -> list[Task]:
        """Return accepted tasks that Temporal has not been told of, the most urgent and oldest first.

        `after` is the last task of the page before.
        """
        order = (TaskRow.priority, TaskRow.created_at, TaskRow.id)
        query = (
            select(TaskRow)
            .where(UNSTARTED, TaskRow.is_pooled.is_(False), TaskRow.created_at < created_before)
            .order_by(*order)
            .limit(limit)
        )
        if after is not None:
            query = query.where(tuple_(*order) > (after.priority, after.created_at, after.id))
        return [task_of(row) for row in await self._session.scalars(query)]

    async def to_start(self, task_ids: Collection[UUID]) -> set[UUID]:
        """Return which of these tasks Temporal has not been told of."""
        found: set[UUID] = set()
        for chunk in chunks(list(task_ids)):
            found |= set(
                await self._session.scalars(select(TaskRow.id).where(TaskRow.id.in_(chunk), UNSTARTED))
            )
        return found

    async def held_by_active(self, workflow_ids: Collection[str]) -> set[str]:
        """Return which of these workflow ids are those of active tasks that Temporal knows."""
        found: set[str] = set()
        for chunk in chunks(list(workflow_ids)):
            query = select(TaskRow.workflow_id).where(
                TaskRow.workflow_id.in_(chunk), TaskRow.state.in_(ACTIVE_NAMES), TaskRow.run_id.is_not(None)
            )
            found |= set(await self._session.scalars(query))
        return found

    async def to_cancel(self, *, limit: int) -> list[Task]:
        """Return active tasks that were asked to cancel and that Temporal knows, the oldest wish first."""
        query = (
            select(TaskRow)
            .where(
                TaskRow.state.in_(ACTIVE_NAMES),
                TaskRow.cancel_requested_at.is_not(None),
                TaskRow.run_id.is_not(None),
            )
            .order_by(TaskRow.cancel_requested_at)
            .limit(limit)
        )
        return [task_of(row) for row in await self._session.scalars(query)]

    async def active_started(
        self, *, untouched_since: datetime, after: UUID | None, limit: int
    ) -> list[Task]:
        """Return active tasks that Temporal knows, in the order of their ids."""
        query = (
            select(TaskRow)
            .where(
                TaskRow.state.in_(ACTIVE_NAMES),
                TaskRow.run_id.is_not(None),
                TaskRow.updated_at < untouched_since,
            )
            .order_by(TaskRow.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(TaskRow.id > after)
        return [task_of(row) for row in await self._session.scalars(query)]


def _conditions(wanted: TaskFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.job is not None:
        conditions.append(TaskRow.job == wanted.job)
    if wanted.states:
        conditions.append(TaskRow.state.in_(wanted.states))
    if wanted.without:
        conditions.append(TaskRow.job.not_in(wanted.without))
    if wanted.fairness_key is not None:
        conditions.append(TaskRow.fairness_key == wanted.fairness_key)
    if wanted.top:
        conditions.append(TaskRow.parent_id.is_(None))
    return conditions
