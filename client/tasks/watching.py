"""Tasks of all workspaces as open streams follow them: for all streams together, and never for one alone.

Whoever opens a stream has found its task, or works in its workspace; nothing is asked about that here.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import Task, TaskState, TaskSummary
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import WatchedTasks

# Of each kind of change in one look. Whoever would be told of more looks at the list anew.
MOST_CHANGES = 5_000


@dataclass(frozen=True)
class WatchedTask:
    """A task as it is shown whole. `version` is another after each change."""

    version: str
    task: Task
    steps: Sequence[StepResult]
    children: Sequence[UUID]


@dataclass(frozen=True)
class Changes:
    """The tasks that have changed, in the order of their changes; not `is_complete` when there are more."""

    tasks: Sequence[TaskSummary]
    is_complete: bool


class Watching:
    """Looks at watched tasks. Temporal is not asked."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def versions(self, task_ids: Collection[UUID]) -> dict[UUID, str]:
        """Return the versions of tasks, of those that are there."""
        return await self._database.read(lambda session: WatchedTasks(session).versions(task_ids))

    async def tasks(self, task_ids: Collection[UUID]) -> list[WatchedTask]:
        """Return tasks as they are shown whole, of those that are there."""

        async def look(session: Session) -> list[WatchedTask]:
            watched = WatchedTasks(session)
            versions = await watched.versions(task_ids)  # what changes meanwhile has another one
            steps, children = await watched.steps(task_ids), await watched.children(task_ids)
            return [
                WatchedTask(versions[task.id], task, steps.get(task.id, ()), children.get(task.id, ()))
                for task in await watched.tasks(versions)
            ]

        return await self._database.read(look)

    async def changes(self, workspaces: Collection[str], since: datetime) -> Changes:
        """Return what was accepted, has ended, or goes on and was written to since then.

        Of tasks that wait, `waits` tells.
        """

        async def look(session: Session) -> Changes:
            watched, limit = WatchedTasks(session), MOST_CHANGES + 1
            accepted = await watched.accepted(workspaces, since, limit=limit)
            running = await watched.changed(workspaces, TaskState.RUNNING, since, limit=limit)
            # The last: a task that ends meanwhile is among those that ended.
            return _changes(accepted, running, await watched.ended(workspaces, since, limit=limit))

        return await self._database.read(look)

    async def waits(self, workspaces: Collection[str], since: datetime) -> Changes:
        """Return the tasks that wait and were written to since then: all that wait are gone through."""
        found = await self._database.read(
            lambda session: WatchedTasks(session).changed(
                workspaces, TaskState.WAITING, since, limit=MOST_CHANGES + 1
            )
        )
        return _changes(found)


def _changes(*found: Sequence[TaskSummary]) -> Changes:
    newest: dict[UUID, TaskSummary] = {}
    for tasks in found:
        newest |= {task.id: task for task in tasks}
    in_order = sorted(newest.values(), key=lambda task: task.updated_at)
    return Changes(in_order, is_complete=all(len(tasks) <= MOST_CHANGES for tasks in found))
