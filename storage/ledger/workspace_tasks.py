"""Looking at the tasks of one workspace: what a caller from outside may see of the ledger."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import ColumnElement, Select, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import Task, TaskError, TaskFilter, TaskState
from mainspring.domain.webhooks import triggered_by
from mainspring.storage.dialect import chunks
from mainspring.storage.ledger.rows import ACTIVE_NAMES, error_of, task_of
from mainspring.storage.ledger.step_queries import StepQueries
from mainspring.storage.ledger.task_queries import TaskQueries
from mainspring.storage.repository import Cursor, Repository, found_otherwise, newest_first
from mainspring.storage.tables import TaskErrorRow, TaskRow
from mainspring.storage.tables.tasks import ACTIVE, DELIVERIES


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
        parts = [
            newest_first(self._matching(part), (TaskRow.created_at, TaskRow.id), before=before, limit=limit)
            for part in _parts(task_filter or TaskFilter())
        ]
        query = parts[0]
        if len(parts) > 1:  # in one statement, or else a task that changes its state is there twice, or never
            row = aliased(TaskRow, union_all(*(select(each.subquery()) for each in parts)).subquery())
            query = newest_first(select(row), (row.created_at, row.id), limit=limit)
        rows = (await self._session.scalars(query)).all()
        errors = await self.last_errors([row.id for row in rows if row.state in ACTIVE_NAMES])
        return [task_of(row, errors.get(row.id, ())) for row in rows]

    def _matching(self, task_filter: TaskFilter) -> Select[TaskRow]:
        own = self._own if task_filter.parent_id is None else self._found_otherwise
        return select(TaskRow).where(own, *_conditions(task_filter))

    async def deliveries(
        self, subscription_id: UUID, *, before: Cursor | None = None, limit: int
    ) -> list[Task]:
        """Return a page of the deliveries of a webhook, the newest first, replays among them."""
        own = (DELIVERIES, TaskRow.triggered_by == triggered_by(subscription_id), self._found_otherwise)
        query = select(TaskRow).where(*own)
        query = newest_first(query, (TaskRow.created_at, TaskRow.id), before=before, limit=limit)
        return [task_of(row) for row in await self._session.scalars(query)]

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

    async def errors(self, task_id: UUID, *, after: int = 0, limit: int) -> list[tuple[int, TaskError]]:
        """Return a page of a task's error log, the oldest first, each entry with its number.

        `after` is the number of the last entry of the page above.
        """
        is_own = select(TaskRow.id).where(self._found_otherwise, TaskRow.id == task_id)
        if await self._session.scalar(is_own) is None:
            return []
        query = select(TaskErrorRow).where(TaskErrorRow.task_id == task_id, TaskErrorRow.id > after)
        rows = await self._session.scalars(query.order_by(TaskErrorRow.id).limit(limit))
        return [(row.id, error_of(row)) for row in rows]

    async def queued_of_keys(self, keys: Collection[str]) -> list[UUID]:
        """Return the tasks that hold these keys, JOB/KEY each, and have not begun."""
        found: list[UUID] = []
        for chunk in chunks(sorted(keys)):
            # The index of active keys has them.
            query = select(TaskRow.id).where(self._own, TaskRow.dedupe_key.in_(chunk), ACTIVE)
            found += await self._session.scalars(query.where(TaskRow.state == TaskState.QUEUED))
        return found

    async def count_active(self, *, most: int) -> int:
        """Return how many tasks have not ended; from `most` on nothing is counted further."""
        active = select(TaskRow.id).where(self._own, TaskRow.state.in_(ACTIVE_NAMES)).limit(most)
        return await self._session.scalar(select(func.count()).select_from(active.subquery())) or 0

    async def id_starting_with(self, prefix: str) -> list[UUID]:
        """Return up to two ids that begin with `prefix` (hexadecimal, dashes optional)."""
        return await self._ids_starting_with(TaskRow.id, prefix, self._found_otherwise)


def _parts(task_filter: TaskFilter) -> list[TaskFilter]:
    """Return filters of one state each, where an index has the tasks of one state in the order of a page."""
    states = task_filter.states or (frozenset(TaskState) if task_filter.job is not None else frozenset())
    if not states or task_filter.parent_id is not None:
        return [task_filter]
    return [task_filter.model_copy(update={"states": frozenset({state})}) for state in sorted(states)]


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
    if task_filter.parent_id is not None:
        conditions.append(TaskRow.parent_id == task_filter.parent_id)
    if task_filter.created_since is not None:
        conditions.append(TaskRow.created_at >= task_filter.created_since)
    if task_filter.created_until is not None:
        conditions.append(TaskRow.created_at < task_filter.created_until)
    if task_filter.asked_to_cancel is not None:
        asked_at = TaskRow.cancel_requested_at
        conditions.append(asked_at.is_not(None) if task_filter.asked_to_cancel else asked_at.is_(None))
    return conditions
