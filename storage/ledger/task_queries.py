"""Reading the ledger of all workspaces: for the relay, the reconciler and the intake of tasks."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, tuple_

from mainspring.contracts.tasks import Task, TaskEnded
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.dialect import chunks
from mainspring.storage.ledger.rows import error_of, task_of
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskErrorRow, TaskRow
from mainspring.storage.tables.tasks import CANCEL_REQUESTED, LET_GO_ON, STARTED, UNSTARTED

# Built once, for every start asks.
KNOWN = select(TaskRow.id).where(TaskRow.id.in_(bindparam("ids", expanding=True)))


class TaskQueries(Repository):
    """Looks at tasks, inside the caller's transaction, and changes nothing."""

    async def get(self, task_id: UUID) -> Task | None:
        """Return one task with its error log."""
        row = await self._session.get(TaskRow, task_id, populate_existing=True)
        if row is None:
            return None
        errors = select(TaskErrorRow).where(TaskErrorRow.task_id == task_id).order_by(TaskErrorRow.id)
        return task_of(row, [error_of(error) for error in await self._session.scalars(errors)])

    async def ended(self, task_id: UUID) -> TaskEnded | None:
        """Return how a task has ended; None while the task has not, or is unknown."""
        row = await self._session.get(TaskRow, task_id, populate_existing=True)
        if row is None or row.finished_at is None:
            return None
        return TaskEnded.restore({name: getattr(row, name) for name in TaskEnded.model_fields})

    async def workspace_of(self, task_id: UUID) -> str:
        """Return whose a task is; a task without a row is that of the installation."""
        found = await self._session.scalar(select(TaskRow.workspace).where(TaskRow.id == task_id))
        return found or DEFAULT_WORKSPACE

    async def known(self, task_ids: Collection[UUID]) -> set[UUID]:
        """Return which of these ids have a row."""
        return set(await self._session.scalars(KNOWN, {"ids": list(task_ids)}))

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
            query = select(TaskRow.workflow_id).where(TaskRow.workflow_id.in_(chunk), STARTED)
            found |= set(await self._session.scalars(query))
        return found

    async def to_cancel(self, *, limit: int) -> list[Task]:
        """Return active tasks that were asked to cancel and that Temporal knows, the oldest wish first."""
        query = select(TaskRow).where(CANCEL_REQUESTED).order_by(TaskRow.cancel_requested_at).limit(limit)
        return [task_of(row) for row in await self._session.scalars(query)]

    async def let_go_on(self, *, limit: int) -> list[Task]:
        """Return waiting tasks that were let go on, and that Temporal may not have been told of."""
        query = select(TaskRow).where(LET_GO_ON).order_by(TaskRow.id).limit(limit)
        return [task_of(row) for row in await self._session.scalars(query)]

    async def active_started(
        self, *, untouched_since: datetime, after: UUID | None, limit: int
    ) -> list[Task]:
        """Return active tasks that Temporal knows, in the order of their ids."""
        query = (
            select(TaskRow)
            .where(STARTED, TaskRow.updated_at < untouched_since)
            .order_by(TaskRow.id)
            .limit(limit)
        )
        if after is not None:
            query = query.where(TaskRow.id > after)
        return [task_of(row) for row in await self._session.scalars(query)]
