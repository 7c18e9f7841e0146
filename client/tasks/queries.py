"""Looking at tasks: one, a page of them, or one as it goes on."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from mainspring.client.errors import AmbiguousTask, TaskUnknown
from mainspring.client.references import resolved_id
from mainspring.client.tasks.results import result_of
from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import JsonObject, Task, TaskError, TaskFilter
from mainspring.contracts.webhooks import DELIVER_WEBHOOK
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.database import Database
from mainspring.storage.ledger import WorkspaceTasks

if TYPE_CHECKING:
    from mainspring.workflows.runtime.job import AnyJob

# The ledger is asked this often while somebody looks on: a person sees no difference below.
POLL = timedelta(milliseconds=300)


class Tasks:
    """Looks at the tasks of a workspace. Temporal is not asked, so all of it works while Temporal is away."""

    def __init__(
        self,
        database: Database,
        job_named: "Callable[[str], AnyJob]",
        *,
        workspace: str = DEFAULT_WORKSPACE,
    ) -> None:
        self.workspace = checked_workspace(workspace)
        self._database = database
        self._job_named = job_named

    async def get(self, task_id: UUID) -> Task:
        """Return a task with its error log; TaskUnknown when there is none."""
        task = await self._database.read(lambda session: WorkspaceTasks(session, self.workspace).get(task_id))
        if task is None:
            raise TaskUnknown(str(task_id))
        return task

    async def find(
        self, task_filter: TaskFilter | None = None, *, before: Task | None = None, limit: int = 50
    ) -> list[Task]:
        """Return a page of tasks, the newest first; `before` is the last task of the page above.

        A task that goes on has the last entry of its error log, any other none.
        Raises UnknownJob: when the filter names a job that is not catalogued.
        """
        task_filter = task_filter or TaskFilter()
        # Nobody has typed that one, and to look a name up loads every job.
        typed = task_filter.without - {DELIVER_WEBHOOK}
        for name in (*typed, *([] if task_filter.job is None else [task_filter.job])):
            self._job_named(name)
        above = None if before is None else (before.created_at, before.id)
        return await self._database.read(
            lambda session: WorkspaceTasks(session, self.workspace).find(
                task_filter, before=above, limit=limit
            )
        )

    async def resolve(self, reference: str) -> UUID:
        """Return the id of the one task whose id begins so; TaskUnknown, AmbiguousTask or BadInput."""
        return await resolved_id(
            reference,
            lambda prefix: self._database.read(
                lambda session: WorkspaceTasks(session, self.workspace).id_starting_with(prefix)
            ),
            unknown=TaskUnknown,
            ambiguous=AmbiguousTask,
        )

    async def watch(self, task_id: UUID) -> AsyncIterator[Task]:
        """Give the task now and each time its row changes, the final state last."""
        last: Task | None = None
        while last is None or not last.state.is_final:
            task = await self.get(task_id)
            if task != last:
                yield task
                last = task
            else:
                await asyncio.sleep(POLL.total_seconds())

    async def wait(self, task_id: UUID) -> Task:
        """Return the task once it has reached its final state."""
        async for task in self.watch(task_id):
            last = task
        return last

    async def steps(self, task_id: UUID) -> list[StepResult]:
        """Return the steps of a task that is a flow, as declared; none for any other."""
        return await self._database.read(
            lambda session: WorkspaceTasks(session, self.workspace).steps(task_id)
        )

    async def errors(self, task_id: UUID, *, after: int = 0, limit: int) -> list[tuple[int, TaskError]]:
        """Return a page of a task's error log, the oldest first, each entry with its number.

        Raises TaskUnknown: when there is no such task.
        """
        await self.get(task_id)
        return await self._database.read(
            lambda session: WorkspaceTasks(session, self.workspace).errors(task_id, after=after, limit=limit)
        )

    async def result(self, task_id: UUID) -> JsonObject:
        """Return the result of a task that has succeeded.

        Raises TaskNotEnded: when the task goes on.
        Raises TaskFailed: when the task has failed.
        Raises TaskCancelled: when the task was cancelled.
        """
        return result_of(await self.get(task_id))

    async def children(self, task_id: UUID) -> list[Task]:
        """Return the tasks that are steps of this one, in the order in which they began."""
        return await self._database.read(
            lambda session: WorkspaceTasks(session, self.workspace).children(task_id)
        )
