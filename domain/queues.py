"""What queues decide: the task queues of a service, names of consumers, and in which turn a task is taken."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from mainspring.contracts.message import Message
from mainspring.contracts.tasks import NewTask


class Role(StrEnum):
    """Work whose activities last so long, and come so many at once, that they get slots of their own."""

    TRANSFERS = "transfers"
    """Downloads and uploads of videos: minutes each, of waiting for a network."""
    ENCODING = "encoding"
    """ffmpeg: hours each, with every core. A worker takes only what it can begin at once."""


def queue_of(task_queue: str, role: Role) -> str:
    """Return the name of a role's queue, beside the service's own."""
    return f"{task_queue}-{role}"


# A consumer waits so long for a task to be due. For a later one the relay, which comes every minute, wakes it
# in time: it looks ahead as far.
CONSUMER_WAITS_AT_MOST = timedelta(minutes=1)


def consumer_of(job: str) -> str:
    """Return the type and id of the consumer of the queue of a job."""
    return f"drain-{job}"


def batched_task(
    job: str,
    task_id: UUID,
    message: Message,
    *,
    workspace: str,
    triggered_by: str,
    fairness_key: str | None = None,
    starts_at: datetime | None = None,
) -> NewTask:
    """Return a task of a batched queue whose job has no key, for callers below the catalogue."""
    return NewTask(
        id=task_id,
        job=job,
        workflow_id=consumer_of(job),
        dedupe_key=None,
        input=message.model_dump(mode="json"),
        workspace=workspace,
        fairness_key=fairness_key,
        triggered_by=triggered_by,
        is_pooled=True,
        starts_at=starts_at,
    )


def fairness_ranks(keys: Sequence[str | None], *, head: int, last: dict[str | None, int]) -> tuple[int, ...]:
    """Return the fairness rank of each new task. `keys` are the fairness keys of the tasks, in order.

    The tasks of a key take one rank after another, after the `last` rank of the key that waits. A key with
    no task waiting begins at the `head` of the queue, so it never waits behind the burst of another key.
    Ranks are a round robin that needs no look at the queue: claiming the lowest ranks first gives each key
    its share.
    """
    upcoming = dict(last)
    ranks = []
    for key in keys:
        rank = max(head, upcoming.get(key, head - 1) + 1)
        upcoming[key] = rank
        ranks.append(rank)
    return tuple(ranks)
