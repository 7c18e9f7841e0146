"""Tasks over HTTP."""

from collections.abc import AsyncIterator
from contextlib import aclosing
from uuid import UUID

from mainspring.client.remote.calls import Calls
from mainspring.client.tasks.results import result_of
from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import JsonObject, Task, TaskFilter


class RemoteTasks:
    """As `client.tasks.queries.Tasks`, over HTTP. Looking works while Temporal is away."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def get(self, task_id: UUID) -> Task:
        """Return a task with its error log; TaskUnknown when there is none."""
        return await self._calls.task(task_id)

    async def find(
        self, task_filter: TaskFilter | None = None, *, before: Task | None = None, limit: int = 50
    ) -> list[Task]:
        """Return a page of tasks, the newest first; `before` is the last task of the page above.

        Raises UnknownJob: when the filter names a job that is not catalogued.
        """
        chosen = task_filter or TaskFilter()
        found = await self._calls.page(
            "/v1/tasks",
            limit=limit,
            after=None if before is None else str(before.id),
            everything=True,
            **parameters(chosen),
        )
        return [Task.restore(each) for each in found]

    async def watch(self, task_id: UUID) -> AsyncIterator[Task]:
        """Give the task now and each time it changes, the final state last.

        The service tells of changes once a second. A stream that breaks off is opened again, and nothing is
        given twice.
        """
        async with aclosing(self._calls.events(f"/v1/tasks/{task_id}/events")) as events:
            async for event in events:
                task = Task.restore_json(event.data)
                yield task
                if task.state.is_final:
                    return

    async def wait(self, task_id: UUID) -> Task:
        """Return the task once it has reached its final state."""
        async for task in self.watch(task_id):
            last = task
        return last

    async def steps(self, task_id: UUID) -> list[StepResult]:
        """Return the steps of a task that is a flow, as declared; none for any other."""
        return [StepResult.restore(each) for each in await self._calls.get(f"/v1/tasks/{task_id}/steps")]

    async def result(self, task_id: UUID) -> JsonObject:
        """Return the result of a task that has succeeded.

        Raises TaskNotEnded: when the task goes on.
        Raises TaskFailed: when the task has failed.
        Raises TaskCancelled: when the task was cancelled.
        """
        return result_of(await self.get(task_id))

    async def children(self, task_id: UUID) -> list[Task]:
        """Return the tasks that are steps of this one, in the order in which they began."""
        found = await self._calls.page("/v1/tasks", limit=None, parent=str(task_id))
        return [Task.restore(each | {"errors": ()}) for each in reversed(found)]


def parameters(chosen: TaskFilter) -> dict[str, object]:
    """Return what the HTTP API calls the fields of a filter."""
    fields = chosen.model_dump(mode="json", exclude_defaults=True)
    names = {"states": "state", "parent_id": "parent"}
    return {names.get(name, name): value for name, value in fields.items()}
