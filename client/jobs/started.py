"""What a caller has of a task that was accepted."""

from dataclasses import dataclass
from typing import Generic, TypeVar
from uuid import UUID

from mainspring.client.errors import TaskCancelled, TaskFailed
from mainspring.client.tasks.queries import Tasks
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import TaskState

Out = TypeVar("Out", bound=Message)


@dataclass(frozen=True)
class StartedTask(Generic[Out]):
    """An accepted task. `deduplicated` says that it was active already."""

    id: UUID
    deduplicated: bool
    _tasks: Tasks
    _result: type[Out]

    async def result(self) -> Out:
        """Wait for the end and return the result; TaskFailed or TaskCancelled if there is none."""
        task = await self._tasks.wait(self.id)
        if task.state is TaskState.CANCELLED:
            raise TaskCancelled(task)
        if task.state is TaskState.FAILED:
            raise TaskFailed(task)
        return self._result.restore(task.result)
