"""Starting, watching, cancelling and retrying tasks."""

import asyncio
import string
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Generic, TypeVar
from uuid import UUID, uuid4

from activities.dispatch import dispatch, wake_drain
from client.errors import (
    AmbiguousTask,
    BadInput,
    JobIsInternal,
    TaskCancelled,
    TaskFailed,
    TaskNotRetryable,
    TaskUnknown,
)
from client.validation import validated
from contracts.faults import InputFault
from contracts.flows import StepResult
from contracts.message import Message
from contracts.tasks import Enqueued, NewTask, Task, TaskState
from contracts.webhooks import DELIVER_WEBHOOK
from gateways.clock import Clock
from gateways.engine import Engine
from storage.database import Database, Session, after_commit
from storage.tasks import StepRepository, TaskRepository
from storage.upsert import chunks
from workflows import catalogue
from workflows.job import AnyJob, Job

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

    def __init__(
        self,
        database: Database,
        engine: Engine,
        clock: Clock,
        job_named: Callable[[str], AnyJob] = catalogue.job_named,
    ) -> None:
        self._database = database
        self._engine = engine
        self._clock = clock
        self._job_named = job_named

    async def start(
        self,
        job: Job[In, Out],
        given: In,
        *,
        session: Session | None = None,
        at: datetime | None = None,
        delay: timedelta | None = None,
        priority: int = 3,
        triggered_by: str = "client",
    ) -> StartedTask[Out]:
        """Accept a task, or return the one that the job's `repeats` says is there instead.

        That is one that is active under the same key; for a throttled job also a recent one; for a
        debounced job the queued one, which takes this input.

        With a `session` the task is part of the caller's own transaction: it exists when that commits,
        and is started then. Without, it is committed and started before this returns. While the engine
        is away the task stays QUEUED, and the relay starts it. `priority` is 1 (first) to 5. The task begins
        `at` a time (aware) or after a `delay`, if one of them is given.
        """
        task = _new_task(job, given, priority, triggered_by, self._starts_at(at, delay))
        if session is not None:
            enqueued = await self._enqueue(session, task)
            if not enqueued.deduplicated:
                after_commit(session, lambda: self._start_accepted(task.id))
        else:
            enqueued = await self._accept(task)
        return StartedTask(enqueued.task_id, enqueued.deduplicated, self, job.result)

    async def start_many(
        self,
        job: Job[In, Out],
        given: Iterable[In],
        *,
        session: Session | None = None,
        priority: int = 3,
        triggered_by: str = "client",
    ) -> list[StartedTask[Out]]:
        """Accept a task for each input, as `start` does; return them in the order of the inputs.

        With a `session` all are part of the caller's own transaction. Without, they are committed and
        started a thousand at a time: what was accepted before an error stays accepted.
        """
        tasks = [_new_task(job, each, priority, triggered_by, None) for each in given]
        if session is not None:
            enqueued = await TaskRepository(session).enqueue(tasks, now=self._clock.now())
            fresh = _fresh(tasks, enqueued)
            after_commit(session, lambda: self._start_many_accepted(fresh))
        else:
            enqueued = []
            for chunk in chunks(tasks):
                enqueued += await self._accept_many(chunk)
        return [StartedTask(each.task_id, each.deduplicated, self, job.result) for each in enqueued]

    async def _accept_many(self, tasks: Sequence[NewTask]) -> list[Enqueued]:
        enqueued = await self._database.transact(
            lambda session: TaskRepository(session).enqueue(tasks, now=self._clock.now())
        )
        fresh = _fresh(tasks, enqueued)
        await dispatch(self._database, self._engine, fresh, now=self._clock.now())
        return enqueued

    async def _start_many_accepted(self, tasks: Sequence[NewTask]) -> None:
        for chunk in chunks(tasks):
            # As in `_start_accepted`: they may not be there.
            there = await self._known({task.id for task in chunk})
            new = [task for task in chunk if task.id in there]
            await dispatch(self._database, self._engine, new, now=self._clock.now())

    async def _known(self, task_ids: Collection[UUID]) -> set[UUID]:
        return await self._database.read(lambda session: TaskRepository(session).known(task_ids))

    async def _accept(self, task: NewTask) -> Enqueued:
        enqueued = await self._database.transact(lambda session: self._enqueue(session, task))
        if not enqueued.deduplicated:
            task = task.model_copy(update={"starts_at": enqueued.starts_at})
            await dispatch(self._database, self._engine, [task], now=self._clock.now())
        return enqueued

    def _starts_at(self, at: datetime | None, delay: timedelta | None) -> datetime | None:
        if at is not None and delay is not None:
            raise BadInput("at and delay: a task starts at a time or after a delay, not both")
        if at is not None and at.tzinfo is None:
            raise BadInput(f"at: {at} is not accepted: a time without a zone")
        now = self._clock.now()
        starts_at = at if delay is None else now + delay
        return starts_at if starts_at is not None and starts_at > now else None

    async def _enqueue(self, session: Session, task: NewTask) -> Enqueued:
        (enqueued,) = await TaskRepository(session).enqueue([task], now=self._clock.now())
        return enqueued

    async def _start_accepted(self, task_id: UUID) -> None:
        # The commit may have been of a later transaction than the one that the task was part of.
        task = await self._database.read(lambda session: TaskRepository(session).get(task_id))
        if task is not None and task.state is TaskState.QUEUED:
            await dispatch(self._database, self._engine, [task], now=self._clock.now())

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
            self._job_named(job)
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

        async def wish(session: Session) -> tuple[bool, list[UUID]]:
            tasks = TaskRepository(session)
            return await tasks.request_cancel(task_id, now=self._clock.now()), tasks.deliveries

        engine_knows, deliveries = await self._database.transact(wish)
        if deliveries:
            now = self._clock.now()
            await wake_drain(self._database, self._engine, DELIVER_WEBHOOK, deliveries, now=now)
        # A pooled task that is being worked ends when it is settled: the workflow is its whole queue's.
        if engine_knows and not task.is_pooled:
            await self._engine.cancel(task.workflow_id, task.run_id)
        return await self.get(task_id)

    async def retry(
        self, task_id: UUID, *, from_step: str | None = None, given: Message | None = None
    ) -> StartedTask[Message]:
        """Start a failed or cancelled task once more, as a new task; TaskNotRetryable for any other.

        A flow runs what is missing: the steps that did not complete, those whose input is another one
        now, and with `from_step` that step and all that depend on it. `given` is another input than the
        task had. AlreadyRetried: that was done before; the error names the newer task.
        """
        task = await self.get(task_id)
        if task.state not in {TaskState.FAILED, TaskState.CANCELLED}:
            raise TaskNotRetryable(task)
        job: Job[Message, Message] = self._job_named(task.job)
        if from_step is not None:
            await self._check_step(task_id, from_step)
        new = job.task(
            uuid4(),
            _checked(job, validated(job, task.input) if given is None else given),
            triggered_by="retry",
            priority=task.priority,
            retry_of=task.id,
        )
        enqueued = await self._accept(new.model_copy(update={"rerun_from": from_step}))
        return StartedTask(enqueued.task_id, enqueued.deduplicated, self, job.result)

    async def _check_step(self, task_id: UUID, step: str) -> None:
        names = [each.step for each in await self.steps(task_id)]
        if step not in names:
            known = f"its steps are {', '.join(names)}" if names else "it is not a flow"
            raise BadInput(f"task {task_id} has no step {step!r}: {known}")

    async def steps(self, task_id: UUID) -> list[StepResult]:
        """Return the steps of a task that is a flow, as declared; none for any other."""
        return await self._database.read(lambda session: StepRepository(session).steps(task_id))

    async def children(self, task_id: UUID) -> list[Task]:
        """Return the tasks that are steps of this one, in the order in which they began."""
        return await self._database.read(lambda session: TaskRepository(session).children(task_id))


def _fresh(tasks: Sequence[NewTask], enqueued: Sequence[Enqueued]) -> list[NewTask]:
    """Return the tasks that are new, as they were accepted."""
    return [
        task.model_copy(update={"starts_at": each.starts_at})
        for task, each in zip(tasks, enqueued, strict=True)
        if not each.deduplicated
    ]


def _checked(job: Job[In, Out], given: In) -> In:
    if not isinstance(given, job.input):
        raise TypeError(f"{job.name} takes {job.input.__name__}, not {type(given).__name__}")
    if job.check is not None:
        try:
            job.check(given)
        except InputFault as fault:
            raise BadInput(str(fault)) from fault
    return given


def _new_task(
    job: Job[In, Out], given: In, priority: int, triggered_by: str, starts_at: datetime | None
) -> NewTask:
    if job.is_internal:
        raise JobIsInternal(job.name)
    given = _checked(job, given)
    return job.task(uuid4(), given, triggered_by=triggered_by, priority=priority, starts_at=starts_at)
