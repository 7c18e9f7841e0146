"""The ledger at a glance: how many tasks there are, which wait longest, and what is tried next."""

from datetime import datetime

from sqlalchemy import Select, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.tasks import Task, TaskState
from mainspring.storage.ledger.rows import ACTIVE_NAMES, task_of
from mainspring.storage.ledger.workspace_tasks import WorkspaceTasks
from mainspring.storage.repository import Repository
from mainspring.storage.tables import TaskRow

# When a task goes on by itself: it starts, resumes or is tried again.
GOES_ON_AT = case(
    (TaskRow.state == TaskState.QUEUED, TaskRow.starts_at),
    (TaskRow.state == TaskState.WAITING, TaskRow.resumes_at),
    else_=TaskRow.next_attempt_at,
)


class TaskOverview(Repository):
    """Looks at all tasks of a workspace, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace
        self._active = (TaskRow.workspace == workspace, TaskRow.state.in_(ACTIVE_NAMES))

    async def counts(self) -> dict[TaskState, int]:
        """Return how many tasks there are in each state that any has."""
        rows = await self._session.execute(
            select(TaskRow.state, func.count())
            .where(TaskRow.workspace == self._workspace)
            .group_by(TaskRow.state)
        )
        counts = {TaskState(state): count for state, count in rows}
        return {state: counts[state] for state in TaskState if state in counts}

    async def oldest(self, limit: int, *, now: datetime) -> list[Task]:
        """Return the tasks that have waited longest, of those that are to go on by now."""
        is_due = func.coalesce(GOES_ON_AT, now) <= now
        waits = select(TaskRow).where(*self._active, is_due)
        return await self._with_errors(waits.order_by(TaskRow.created_at, TaskRow.id), limit)

    async def next(self, limit: int, *, now: datetime) -> list[Task]:
        """Return the tasks that go on by themselves at a later time, the soonest first."""
        later = select(TaskRow).where(*self._active, now < GOES_ON_AT)
        return await self._with_errors(later.order_by(GOES_ON_AT, TaskRow.id), limit)

    async def _with_errors(self, query: Select[TaskRow], limit: int) -> list[Task]:
        rows = (await self._session.scalars(query.limit(limit))).all()
        errors = await WorkspaceTasks(self._session, self._workspace).last_errors([row.id for row in rows])
        return [task_of(row, errors.get(row.id, ())) for row in rows]
