"""Pools: jobs whose tasks are rows of a queue, worked many at a time by one workflow."""

from datetime import datetime, timedelta

from pydantic import Field

from mainspring.contracts.message import Message


class BatchedQueue(Message):
    """How a job's queue is worked: tasks under way in one activity, and activities at the same time."""

    page: int = Field(ge=1)
    parallel: int = Field(ge=1)


class ConsumeQueue(Message):
    """Work a queue until it is empty. What it takes to do so is said where the job is declared."""


class MeasureQueue(Message):
    """Look at the queue of a job, for a drain that begins or was woken."""

    job: str


class QueueStatistics(Message):
    """What waits in a queue. `due` counts no further than all activities could take up at once.

    `next_due_at` is when the first of the others is due, `next_due_in` how long that was from the look on, by
    the clock of who looked; None when there are none.
    """

    due: int
    next_due_at: datetime | None
    next_due_in: timedelta | None = None


class QueueMeasured(Message):
    """A queue and how it is worked."""

    pool: BatchedQueue
    queue: QueueStatistics


class WorkQueue(Message):
    """Work a stretch of the queue of a job: until it is empty, or for about half a minute."""

    job: str


class QueueWorked(Message):
    """What became of a stretch's tasks, and what waits after it. `put_off` ones are tried again later."""

    succeeded: int
    put_off: int
    failed: int
    cancelled: int
    queue: QueueStatistics


class QueueConsumed(Message):
    """What became of the tasks that a drain worked, since it last continued as new."""

    succeeded: int = 0
    put_off: int = 0
    failed: int = 0
    cancelled: int = 0
