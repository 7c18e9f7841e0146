"""Tasks: looking at them."""

from typing import Annotated, Any, Protocol
from uuid import UUID

from fastapi import APIRouter, Query

from mainspring.api.callers import Observer
from mainspring.api.models import Limit, Moment, Page, TaskView
from mainspring.api.readers import PayloadReader, Reader, TaskId, TaskReader
from mainspring.client.tasks.listing import overview, task_page
from mainspring.client.views import error_without_text, steps_without_payloads, without_payloads
from mainspring.contracts.flows import StepResult
from mainspring.contracts.tasks import Task, TaskError, TaskState

routes = APIRouter(prefix="/tasks", tags=["tasks"])

Number = Annotated[
    str | None,
    Query(description="The `next` of the page above.", pattern="^[0-9]{1,18}$", examples=["17"]),
]


class Looker(Protocol):
    """Who looks at tasks."""

    @property
    def sees_payloads(self) -> bool:
        """Whether inputs, results and texts of errors are shown."""


@routes.get("", operation_id="list_tasks")
async def list_tasks(
    who: Observer,
    *,
    job: Annotated[str | None, Query(description="Of this job.")] = None,
    state: Annotated[frozenset[TaskState], Query(description="In one of these states.")] = frozenset(),
    fairness_key: Annotated[str | None, Query(description="That take the turns of this key.")] = None,
    parent: Annotated[UUID | None, Query(description="That are steps of this task.")] = None,
    created_since: Annotated[Moment | None, Query(description="Accepted then or later.")] = None,
    created_until: Annotated[Moment | None, Query(description="Accepted before then.")] = None,
    without: Annotated[frozenset[str], Query(description="Of none of these jobs.")] = frozenset(),
    top: Annotated[bool, Query(description="That are no steps of others.")] = False,
    asked_to_cancel: Annotated[
        bool | None, Query(description="That were asked to cancel themselves, or were not.")
    ] = None,
    everything: Annotated[bool, Query(description="Also steps of flows and deliveries of webhooks.")] = False,
    after: Annotated[str | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[Task]:
    """List tasks, the newest first."""
    chosen = overview(
        job=job,
        states=state,
        without=without,
        fairness_key=fairness_key,
        parent_id=parent,
        created_since=created_since,
        created_until=created_until,
        everything=everything,
    )
    chosen = chosen.model_copy(update={"top": top or chosen.top, "asked_to_cancel": asked_to_cancel})
    page = await task_page(who.service.tasks, chosen, before=after, limit=limit)
    cursor = str(page.tasks[-1].id) if page.has_more else None
    return Page(items=[shown_to(who, task) for task in page.tasks], next=cursor)


@routes.get("/{task_id}", operation_id="get_task")
async def get_task(who: TaskReader, task_id: TaskId) -> TaskView:
    """Return a task with its error log, its steps and its children."""
    task = shown_to(who, await who.service.tasks.get(task_id))
    steps = _shown_steps(who, await who.service.tasks.steps(task_id))
    children = await who.service.tasks.children(task_id)
    return TaskView(**dict(task), steps=tuple(steps), children=tuple(child.id for child in children))


@routes.get("/{task_id}/result", operation_id="get_result")
async def get_result(who: PayloadReader, task_id: TaskId) -> dict[str, Any]:
    """Return the result of a task; 409 while the task goes on, and when it failed or was cancelled."""
    return await who.service.tasks.result(task_id)


@routes.get("/{task_id}/steps", operation_id="list_steps")
async def list_steps(who: TaskReader, task_id: TaskId) -> list[StepResult]:
    """Return the steps of a task that is a flow, as declared; none of any other task."""
    await who.service.tasks.get(task_id)
    return _shown_steps(who, await who.service.tasks.steps(task_id))


@routes.get("/{task_id}/errors", operation_id="list_errors")
async def list_errors(
    who: TaskReader, task_id: TaskId, *, after: Number = None, limit: Limit = 50
) -> Page[TaskError]:
    """Return the error log of a task, the oldest entry first."""
    found = await who.service.tasks.errors(task_id, after=int(after or 0), limit=limit + 1)
    cursor = str(found[limit - 1][0]) if len(found) > limit else None
    return Page(items=[_shown_error(who, error) for _, error in found[:limit]], next=cursor)


def shown_to(who: Looker, task: Task) -> Task:
    """Return as much of a task as the caller may see."""
    return task if who.sees_payloads else without_payloads(task)


def _shown_steps(who: Reader, steps: list[StepResult]) -> list[StepResult]:
    return steps if who.sees_payloads else steps_without_payloads(steps)


def _shown_error(who: Reader, error: TaskError) -> TaskError:
    return error if who.sees_payloads else error_without_text(error)
