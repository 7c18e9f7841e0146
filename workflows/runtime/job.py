"""What a job is: a name, a workflow, and the messages that go in and come out."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, TypeVar
from uuid import UUID

from mainspring.contracts.message import Message
from mainspring.contracts.queues import BatchedQueue, QueueConsumed
from mainspring.contracts.tasks import NewTask
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.queues import consumer_of
from mainspring.domain.tasks import name_within
from mainspring.workflows.runtime.schedule import Schedule

In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)


@dataclass(frozen=True)
class Deduplicate:
    """While a task with the same key is active, a second start returns it."""


@dataclass(frozen=True)
class Debounce:
    """A start waits for `quiet` without another one of the same key; the last input wins.

    A start that comes while the task runs makes the next one, which begins after it.
    """

    quiet: timedelta


@dataclass(frozen=True)
class Throttle:
    """At most one start of the same key in `every`; one that is too early returns the last task."""

    every: timedelta


@dataclass(frozen=True)
class Job(Generic[In, Out]):
    """A catalogued job. `name` is also its workflow type and, like it, never changes.

    `run` is the workflow's run method; its class is the workflow. What a second start with the same `key`
    does is in `repeats`; `key_says` is what people call the key, such as "account". A job without a key
    starts each time. A job with a batched `queue` has no workflow for each task: `run` is the consumer of the
    queue. `is_internal` marks the service's own housekeeping, which has no rows in the ledger and is
    not listed. `check` raises InputFault for what the shape of the input cannot say. A job with a `schedule`
    runs by itself.

    Example:
        class Greet(Message):
            name: str

        class Greeted(Message):
            text: str

        @workflow.defn(name="greet")
        class GreetWorkflow:
            @workflow.run
            @tracked
            async def run(self, request: Greet) -> Greeted:
                return Greeted(text=f"Hello {request.name}")

        GREET = Job(
            name="greet",
            run=GreetWorkflow.run,
            input=Greet,
            result=Greeted,
            key=lambda request: request.name,
            key_says="name",
            repeats=Throttle(every=timedelta(hours=1)),
            summary="Greet somebody, once an hour at most.",
        )
    """

    name: str
    run: Callable[..., Awaitable[Out | QueueConsumed]]
    input: type[In]
    result: type[Out]
    summary: str
    key: Callable[[In], str] | None = None
    key_says: str | None = None
    fairness_key: Callable[[In], str | None] | None = None
    repeats: Deduplicate | Debounce | Throttle = Deduplicate()
    queue: BatchedQueue | None = None
    check: Callable[[In], None] | None = None
    is_internal: bool = False
    schedule: Schedule | None = None

    def __post_init__(self) -> None:
        """Refuse what could not work: only starts of a key repeat each other."""
        if self.key is None and not isinstance(self.repeats, Deduplicate):
            raise TypeError(f"{self.name}: {type(self.repeats).__name__} needs a key")

    def task(
        self,
        task_id: UUID,
        message: In,
        *,
        triggered_by: str,
        workspace: str = DEFAULT_WORKSPACE,
        priority: int = 3,
        retry_of: UUID | None = None,
        starts_at: datetime | None = None,
    ) -> NewTask:
        """Return the task that asks for this job with this input."""
        key = None if self.key is None else f"{self.name}/{self.key(message)}"
        # A workflow that exists before its time is not in the way of the one that runs, or runs after it.
        is_later = starts_at is not None or isinstance(self.repeats, Debounce)
        return NewTask(
            id=task_id,
            job=self.name,
            workflow_id=self._workflow_id(task_id, key, workspace, is_later=is_later),
            is_pooled=self.queue is not None,
            job_key=key,
            dedupe_key=key,
            input=message.model_dump(mode="json"),
            workspace=workspace,
            fairness_key=self._turns(message, workspace),
            priority=priority,
            triggered_by=triggered_by,
            retry_of=retry_of,
            starts_at=starts_at,
            quiet=self.repeats.quiet if isinstance(self.repeats, Debounce) else None,
            at_most_every=self.repeats.every if isinstance(self.repeats, Throttle) else None,
        )

    def _turns(self, message: In, workspace: str) -> str | None:
        key = None if self.fairness_key is None else self.fairness_key(message)
        # In an installation with one workspace only, all tasks would take the turns of one key.
        return key if key is not None or workspace == DEFAULT_WORKSPACE else workspace

    def _workflow_id(self, task_id: UUID, key: str | None, workspace: str, *, is_later: bool) -> str:
        if self.queue is not None:
            return consumer_of(self.name)
        name = name_within(workspace, key or self.name)
        return name if key is not None and not is_later else f"{name}/{task_id}"


# A job whose messages are known only at run time, as the command line has it.
AnyJob = Job[Any, Any]
