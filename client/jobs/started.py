"""What a caller has of a task that was accepted."""

from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from mainspring.client.tasks.results import result_of
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import Task

Out = TypeVar("Out", bound=Message)


class Waiting(Protocol):
    """Where the end of a task is waited for."""

    async def wait(self, task_id: UUID) -> Task:
        """Return the task once it has reached its final state."""


@dataclass(frozen=True)
class StartedTask(Generic[Out]):
    """An accepted task. `deduplicated` says that it was active already."""

    id: UUID
    deduplicated: bool
    _tasks: Waiting
    _result: type[Out]

    async def result(self) -> Out:
        """Wait for the end and return the result; TaskFailed or TaskCancelled if there is none."""
        return self._result.restore(result_of(await self._tasks.wait(self.id)))
