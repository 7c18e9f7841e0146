"""Starting, watching, cancelling and retrying tasks."""

import asyncio
import string
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from datetime import timedelta
from typing import Generic, TypeVar
from uuid import UUID, uuid4

from activities.dispatch import dispatch
from client.errors import (
    AmbiguousTask,
    JobIsInternal,
    TaskCancelled,
    TaskFailed,
    TaskNotRetryable,
    TaskUnknown,
)
from client.validation import validated
from contracts.message import Message
from contracts.tasks import Enqueued, NewTask, Task, TaskState
from gateways.clock import Clock
from gateways.engine import Engine
from storage.database import Database, Session, after_commit
from storage.tasks import TaskRepository
from workflows.catalogue import job_named
from workflows.job import Job

In = TypeVar("In", bound=Message)
Out = TypeVar("Out", bound=Message)

# The ledger is asked this often while somebody looks on: a person sees no difference below.
POLL = timedelta(milliseconds=300)

# The shortest beginning of a task's id that is looked up.
SHORTEST_PREFIX = 4
HEX_DIGITS = 32


@dataclass(frozen=True)
class StartedTask(Generic[Out]):
    """An accepted task. `deduplicated` says that it was active already."""

    id: UUID
    deduplicated: bool
    _jobs: "Jobs"
    _result: type[Out]

    async def result(self) -> Out:
        """Wait for the end and return the result; TaskFailed or TaskCancelled if there is none."""
        task = await self._jobs.wait(self.id)
        if task.state is TaskState.CANCELLED:
            raise TaskCancelled(task)
        if task.state is TaskState.FAILED:
            raise TaskFailed(task)
        return self._result.model_validate(task.result)


class Jobs:
    """Tasks, from outside. Everything but `cancel` works while the engine is away."""

    def __init__(self, database: Database, engine: Engine, clock: Clock) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock

    async def start(
        self,
        job: Job[In, Out],
        given: In,
        *,
        session: Session | None = None,
        priority: int = 3,
        triggered_by: str = "client",
    ) -> StartedTask[Out]:
        """Accept a task; one that is active under the same key is returned instead.

        With a `session` the task is part of the caller's own transaction: it exists when that commits,
        and is started then. Without, it is committed and started before this returns. While the engine
        is away the task stays QUEUED, and the relay starts it. `priority` is 1 (first) to 5.
        """
        task = _new_task(job, given, priority, triggered_by)
        if session is not None:
            enqueued = await self._enqueue(session, task)
            if not enqueued.deduplicated:
                after_commit(session, lambda: self._start_accepted(task.id))
        else:
            enqueued = await self._accept(task)
        return StartedTask(enqueued.task_id, enqueued.deduplicated, self, job.result)

    async def _accept(self, task: NewTask) -> Enqueued:
        enqueued = await self._database.transact(lambda session: self._enqueue(session, task))
        if not enqueued.deduplicated:
            await dispatch(self._database, self._engine, [task])
        return enqueued

    async def _enqueue(self, session: Session, task: NewTask) -> Enqueued:
        (enqueued,) = await TaskRepository(session).enqueue([task], now=self._clock.now())
        return enqueued

    async def _start_accepted(self, task_id: UUID) -> None:
        # The commit may have been of a later transaction than the one that the task was part of.
        task = await self._database.read(lambda session: TaskRepository(session).get(task_id))
        if task is not None and task.state is TaskState.QUEUED:
            await dispatch(self._database, self._engine, [task])

    async def get(self, task_id: UUID) -> Task:
        """Return a task with its error log; TaskUnknown when there is none."""
        task = await self._database.read(lambda session: TaskRepository(session).get(task_id))
        if task is None:
            raise TaskUnknown(str(task_id))
        return task

    async def find(
        self,
        *,
        job: str | None = None,
        states: Collection[TaskState] = (),
        before: Task | None = None,
        limit: int = 50,
    ) -> list[Task]:
        """Return tasks, the newest first, without their error logs; UnknownJob for a name not catalogued.

        `before` is the last task of the page above.
        """
        if job is not None:
            job_named(job)
        end = None if before is None else (before.created_at, before.id)
        return await self._database.read(
            lambda session: TaskRepository(session).find(job=job, states=states, before=end, limit=limit)
        )

    async def resolve(self, reference: str) -> UUID:
        """Return the id of the one task whose id begins so; TaskUnknown or AmbiguousTask."""
        plain = reference.replace("-", "").lower()
        is_hex = all(digit in string.hexdigits for digit in plain)
        if not is_hex or not SHORTEST_PREFIX <= len(plain) <= HEX_DIGITS:
            raise TaskUnknown(reference)
        found = await self._database.read(lambda session: TaskRepository(session).id_starting_with(plain))
        if not found:
            raise TaskUnknown(reference)
        if len(found) > 1:
            raise AmbiguousTask(reference)
        return found[0]

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

    async def cancel(self, task_id: UUID) -> Task:
        """Ask a task to cancel itself. A final one stays as it is; one that never started ends at once.

        While the engine is away the wish is kept, and the relay passes it on.
        """
        task = await self.get(task_id)
        if task.state.is_final:
            return task
        engine_knows = await self._database.transact(
            lambda session: TaskRepository(session).request_cancel(task_id, now=self._clock.now())
        )
        if engine_knows:
            await self._engine.cancel(task.workflow_id, task.run_id)
        return await self.get(task_id)

    async def retry(self, task_id: UUID) -> StartedTask[Message]:
        """Start a failed or cancelled task once more, as a new task; TaskNotRetryable for any other."""
        task = await self.get(task_id)
        if task.state not in {TaskState.FAILED, TaskState.CANCELLED}:
            raise TaskNotRetryable(task)
        job: Job[Message, Message] = job_named(task.job)
        new = job.task(
            uuid4(),
            validated(job, task.input),
            triggered_by="retry",
            priority=task.priority,
            retry_of=task.id,
        )
        enqueued = await self._accept(new)
        return StartedTask(enqueued.task_id, enqueued.deduplicated, self, job.result)


def _new_task(job: Job[In, Out], given: In, priority: int, triggered_by: str) -> NewTask:
    if job.is_internal:
        raise JobIsInternal(job.name)
    if not isinstance(given, job.input):
        raise TypeError(f"{job.name} takes {job.input.__name__}, not {type(given).__name__}")
    return job.task(uuid4(), given, triggered_by=triggered_by, priority=priority)
