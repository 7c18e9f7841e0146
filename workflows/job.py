"""What a job is: a name, a workflow, and the messages that go in and come out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

from contracts.message import Message
from contracts.tasks import NewTask

In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)


@dataclass(frozen=True)
class Job(Generic[In, Out]):
    """A catalogued job. `name` is also its workflow type and, like it, never changes.

    `run` is the workflow's run method; its class is the workflow. While a task with the same `key` is
    active, a second start returns it; a job without a key never has that. `is_internal` marks the
    service's own housekeeping, which has no rows in the ledger.
    """

    name: str
    run: Callable[..., Awaitable[Out]]
    input: type[In]
    result: type[Out]
    summary: str
    key: Callable[[In], str] | None = None
    workspace: Callable[[In], str] | None = None
    is_internal: bool = False

    def task(
        self,
        task_id: UUID,
        given: In,
        *,
        triggered_by: str,
        priority: int = 3,
        retry_of: UUID | None = None,
    ) -> NewTask:
        """Return the task that asks for this job with this input."""
        dedupe_key = None if self.key is None else f"{self.name}/{self.key(given)}"
        return NewTask(
            id=task_id,
            job=self.name,
            workflow_id=dedupe_key or f"{self.name}/{task_id}",
            dedupe_key=dedupe_key,
            input=given.model_dump(mode="json"),
            workspace=None if self.workspace is None else self.workspace(given),
            priority=priority,
            triggered_by=triggered_by,
            retry_of=retry_of,
        )


# A job whose messages are known only at run time, as the command line has it.
AnyJob = Job[Any, Any]
