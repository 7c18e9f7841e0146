"""What became of the tasks of a batched queue, and what follows from it."""

import traceback
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from mainspring.activities.runtime.isolation import WorkerDied
from mainspring.activities.runtime.retry import Attempts, RetryPolicy, delay_after
from mainspring.contracts.message import Message
from mainspring.contracts.retry import Retry, is_of_task, retry_of
from mainspring.contracts.tasks import TaskError, TaskState
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.database import Session
from mainspring.storage.ledger import Acknowledgement, ClaimedRow

In = TypeVar("In", bound=Message)

# What became of a task: its result, or why there is none. An error says itself whether it is retried.
Result = Message | Exception


async def _at_once() -> None:
    pass


@dataclass(frozen=True)
class QueueTask(Generic[In]):
    """A task to work, of a `workspace`: what the input names of another workspace is none of the task's.

    `attempt` counts from 1, also those that a worker's death ended.

    `deaths` is how many workers in a row have died while they ran the task.

    `prepared` is what the job's own `prepare` gave for it. `begin` is for work that waits for its turn: see
    `BatchedQueues.work_each`.
    """

    id: UUID
    input: In
    attempt: int
    prepared: Any = None
    workspace: str = DEFAULT_WORKSPACE
    deaths: int = field(default=0, repr=False)
    begin: Callable[[], Awaitable[None]] = field(default=_at_once, repr=False, compare=False)


@dataclass(frozen=True)
class TaskDone(Generic[In]):
    """A task that was worked, and what became of it. `state` is the task's own, once it is acknowledged."""

    task: QueueTask[In]
    result: Result
    state: TaskState | None = None


class Snooze(Exception):
    """The task cannot be worked yet: it waits until then, and nothing has failed.

    With `waiting_for`, such as "daily quota of JustTCG", the task is shown as WAITING for that.
    """

    def __init__(self, until: datetime, waiting_for: str | None = None) -> None:
        super().__init__(f"not before {until}" + (f": {waiting_for}" if waiting_for else ""))
        self.until = until
        self.waiting_for = waiting_for


class Untried(Snooze):
    """A suspected task could not be tried in isolation: it waits until then, and is suspected still."""


class TriedAlone(Message):
    """The task was worked in isolation, and acknowledged there."""

    state: TaskState


# Reads and writes what the work needs, in the transaction that claims the tasks, also for those that a dead
# attempt left behind; gives a value for each task's `prepared`. When it raises for several tasks, each is
# prepared alone, and what it raises for one became of that one.
Prepare = Callable[[Session, Sequence[QueueTask[In]]], Awaitable[Mapping[UUID, object]]]

# Writes that tasks begin, in a transaction before anything of them goes outside. Gives the ids of those that
# may: a task that another attempt has begun may not. Called again with the same time, it writes nothing more,
# for the answer to a commit may be lost.
Begin = Callable[[Session, Sequence[QueueTask[In]], datetime], Awaitable[Collection[UUID]]]

# Writes the job's own results, in the transaction that acknowledges the tasks. A task that could not be
# prepared has nothing in `prepared`. A task that had not begun when the batch was cancelled is snoozed.
Store = Callable[[Session, Sequence[TaskDone[In]]], Awaitable[None]]


def acknowledgement_of(
    row: ClaimedRow, result: Result, *, retry: RetryPolicy, step: str, now: datetime, has_begun: bool = True
) -> Acknowledgement:
    """Return what is to be written of a row: its result, when it is tried again, or that it has failed.

    A suspected task that is put off before its work `has_begun` is suspected still.
    """
    if isinstance(result, Message):
        return Acknowledgement(row.id, TaskState.SUCCESS, result=result.model_dump(mode="json"))
    if isinstance(result, Snooze):
        return Acknowledgement(
            row.id,
            TaskState.RUNNING if result.waiting_for is None else TaskState.WAITING,
            next_attempt_at=result.until,
            waiting_for=result.waiting_for,
            deaths=row.deaths if isinstance(result, Untried) or not has_begun else 0,
            failures=row.failures,
            application_failures=row.application_failures,
            failing_since=row.failing_since,
        )
    attempts = Attempts(row.application_failures, row.failures - row.application_failures, row.failing_since)
    delay = delay_after(result, attempts, now, retry)
    is_until_mended = retry_of(result) is Retry.UNTIL_MENDED
    is_counted_in_time = retry.application_attempts is None or not is_of_task(result)
    error = TaskError(
        at=now,
        step=step,
        error_type=type(result).__name__,
        message=str(result) or type(result).__name__,
        stack="".join(traceback.format_exception(result)),
        attempt=row.attempt,
    )
    return Acknowledgement(
        row.id,
        TaskState.FAILED if delay is None else TaskState.RUNNING,
        error=error,
        next_attempt_at=None if delay is None else now + delay,
        deaths=result.deaths if isinstance(result, WorkerDied) else 0,
        failures=row.failures + 1,
        application_failures=row.application_failures + is_of_task(result),
        failing_since=None if is_until_mended else row.failing_since or (now if is_counted_in_time else None),
        is_until_mended=is_until_mended,
    )
