"""Tasks as their watchers follow them: a few queries for all watchers together, of all workspaces."""

import hashlib
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import Task, TaskState, TaskSummary
from mainspring.storage.ledger.rows import error_of, task_of
from mainspring.storage.ledger.step_rows import step_of
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskErrorRow, TaskRow, TaskStepRow

LAST_ERROR = (
    select(func.max(TaskErrorRow.id))
    .where(TaskErrorRow.task_id == TaskRow.id)
    .correlate(TaskRow)
    .scalar_subquery()
)

# What is another at each change of a task that its watchers are shown. A step of a flow changes with its
# flow's `updated_at`.
CHANGING = (
    TaskRow.state,
    TaskRow.updated_at,
    TaskRow.run_id,
    TaskRow.starts_at,
    TaskRow.attempts,
    TaskRow.deaths,
    TaskRow.next_attempt_at,
    LAST_ERROR,
)

SUMMARY = [getattr(TaskRow, name) for name in TaskSummary.model_fields]

# Bytes of a digest that tells one version of a task from another.
VERSION_BYTES = 8


class WatchedTasks(Repository):
    """Looks at many tasks at once, whose watchers were let in before, inside the caller's transaction."""

    async def versions(self, task_ids: Collection[UUID]) -> dict[UUID, str]:
        """Return a text for each task that is another after each change."""
        query = select(TaskRow.id, *CHANGING).where(TaskRow.id.in_(task_ids))
        return {row[0]: _version(row[1:]) for row in await self._session.execute(query)}

    async def tasks(self, task_ids: Collection[UUID]) -> list[Task]:
        """Return tasks with their error logs."""
        logged = select(TaskErrorRow).where(TaskErrorRow.task_id.in_(task_ids)).order_by(TaskErrorRow.id)
        errors = defaultdict(list)
        for row in await self._session.scalars(logged):
            errors[row.task_id].append(error_of(row))
        found = await self._session.scalars(select(TaskRow).where(TaskRow.id.in_(task_ids)))
        return [task_of(row, errors[row.id]) for row in found]

    async def steps(self, task_ids: Collection[UUID]) -> Mapping[UUID, list[StepResult]]:
        """Return the steps of those tasks that are flows, as declared."""
        query = select(TaskStepRow).where(TaskStepRow.task_id.in_(task_ids)).order_by(TaskStepRow.position)
        steps = defaultdict(list)
        for row in await self._session.scalars(query):
            steps[row.task_id].append(step_of(row))
        return steps

    async def children(self, task_ids: Collection[UUID]) -> Mapping[UUID | None, list[UUID]]:
        """Return the ids of the tasks that are steps of these, in the order of their making."""
        query = (
            select(TaskRow.parent_id, TaskRow.id)
            .where(TaskRow.parent_id.in_(task_ids))
            .order_by(TaskRow.created_at, TaskRow.id)
        )
        children: dict[UUID | None, list[UUID]] = defaultdict(list)
        for parent_id, child_id in await self._session.execute(query):
            children[parent_id].append(child_id)
        return children

    async def accepted(
        self, workspaces: Collection[str], since: datetime, *, limit: int
    ) -> list[TaskSummary]:
        """Return tasks of workspaces that were accepted since then."""
        return await self._summaries(workspaces, TaskRow.created_at > since, limit=limit)

    async def ended(self, workspaces: Collection[str], since: datetime, *, limit: int) -> list[TaskSummary]:
        """Return tasks of workspaces that have ended since then."""
        return await self._summaries(workspaces, TaskRow.finished_at > since, limit=limit)

    async def changed(
        self, workspaces: Collection[str], state: TaskState, since: datetime, *, limit: int
    ) -> list[TaskSummary]:
        """Return tasks of workspaces in one state, of those that were written to since then."""
        is_changed = (TaskRow.state == state, TaskRow.updated_at > since)
        return await self._summaries(workspaces, *is_changed, limit=limit)

    async def _summaries(
        self, workspaces: Collection[str], *conditions: ColumnElement[bool], limit: int
    ) -> list[TaskSummary]:
        query = select(*SUMMARY).where(TaskRow.workspace.in_(workspaces), *conditions).limit(limit)
        rows = await self._session.execute(query)
        return [TaskSummary.restore(dict(row._mapping)) for row in rows]  # noqa: SLF001  # its public name


def _version(values: Any) -> str:
    text = "|".join("" if value is None else str(value) for value in values)
    return hashlib.blake2b(text.encode(), digest_size=VERSION_BYTES).hexdigest()
