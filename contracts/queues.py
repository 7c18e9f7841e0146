"""Batched queues: the tasks of a job are rows, and one workflow, the consumer, works many at a time."""

from datetime import datetime, timedelta
from uuid import UUID

from pydantic import Field

from mainspring.contracts.message import Message


class BatchedQueue(Message):
    """How a job's queue is worked: tasks under way in one activity, and activities at the same time."""

    page: int = Field(ge=1)
    parallel: int = Field(ge=1)


class ConsumeQueue(Message):
    """Work a queue until it is empty. The job declares its page and how many pages are worked at once."""


class MeasureQueue(Message):
    """Look at the queue of a job, for a consumer that begins or was woken."""

    job: str


class QueueStatistics(Message):
    """What waits in a queue. `due` counts no further than all activities could take up at once.

    `next_due_at` is when the first of the other tasks is due. `next_due_in` is how long after the measurement
    that is, by the clock of the worker that measured. Both are None when no other task waits.
    """

    due: int
    next_due_at: datetime | None
    next_due_in: timedelta | None = None


class QueueMeasured(Message):
    """The statistics of a queue. `pool` says how the queue is worked; the name is on the wire."""

    pool: BatchedQueue
    queue: QueueStatistics


class WorkQueue(Message):
    """Work a batch of the queue of a job: until the queue is empty, or for about half a minute.

    With `only`, which never comes from a workflow: work these tasks, which the same attempt has claimed
    already, `together` at a time.
    """

    job: str
    only: tuple[UUID, ...] = ()
    together: int = 1


class QueueWorked(Message):
    """What became of a batch's tasks, and what waits after the batch. `put_off` counts the snoozed tasks."""

    succeeded: int
    put_off: int
    failed: int
    cancelled: int
    queue: QueueStatistics


class QueueConsumed(Message):
    """What became of the tasks that a consumer worked, since the consumer last continued as new."""

    succeeded: int = 0
    put_off: int = 0
    failed: int = 0
    cancelled: int = 0
