"""A list of tasks as people look at it: what somebody started first, a page at a time."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from mainspring.contracts.tasks import Task, TaskFilter, TaskState
from mainspring.contracts.webhooks import DELIVER_WEBHOOK

if TYPE_CHECKING:
    from mainspring.client.tasks.queries import Tasks


@dataclass(frozen=True)
class TaskPage:
    """A page of tasks, the newest first; `has_more` says that there are older ones."""

    tasks: Sequence[Task]
    has_more: bool


def overview(
    *,
    job: str | None = None,
    states: Collection[TaskState] = (),
    without: Collection[str] = (),
    fairness_key: str | None = None,
    parent_id: UUID | None = None,
    created_since: datetime | None = None,
    created_until: datetime | None = None,
    everything: bool = False,
) -> TaskFilter:
    """Return the filter for a list of tasks.

    What other tasks made, steps of flows and deliveries of webhooks, is left out, unless `everything`
    is asked for, or a job or a parent is named.
    """
    is_top = not everything and job is None and parent_id is None
    return TaskFilter(
        job=job,
        states=frozenset(states),
        without=frozenset(without) | ({DELIVER_WEBHOOK} if is_top else set()),
        fairness_key=fairness_key,
        top=is_top,
        parent_id=parent_id,
        created_since=created_since,
        created_until=created_until,
    )


async def task_page(tasks: Tasks, chosen: TaskFilter, *, before: str | None, limit: int) -> TaskPage:
    """Return a page; `before` is the id of the last task of the page above, or the beginning of the id.

    Raises TaskUnknown, AmbiguousTask, BadInput: when `before` is no task.
    Raises UnknownJob: when a job is not catalogued.
    """
    last = await tasks.get(await tasks.resolve(before)) if before else None
    found = await tasks.find(chosen, before=last, limit=limit + 1)
    return TaskPage(found[:limit], has_more=len(found) > limit)
