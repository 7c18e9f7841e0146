"""Tasks: looking at them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from mainspring.api.callers import Caller, Observer
from mainspring.api.models import Limit, Page, TaskView
from mainspring.client.tasks.listing import overview, task_page
from mainspring.client.views import without_payloads
from mainspring.contracts.tasks import Task, TaskState

routes = APIRouter(prefix="/tasks", tags=["tasks"])

TaskId = Annotated[UUID, Path(description="The id of a task.")]


@routes.get("", operation_id="list_tasks")
async def list_tasks(
    who: Observer,
    *,
    job: Annotated[str | None, Query(description="Of this job.")] = None,
    state: Annotated[frozenset[TaskState], Query(description="In one of these states.")] = frozenset(),
    fairness_key: Annotated[str | None, Query(description="That take the turns of this key.")] = None,
    everything: Annotated[bool, Query(description="Also steps of flows and deliveries of webhooks.")] = False,
    after: Annotated[str | None, Query(description="The `next` of the page above.")] = None,
    limit: Limit = 50,
) -> Page[Task]:
    """List tasks, the newest first."""
    chosen = overview(job=job, states=state, fairness_key=fairness_key, everything=everything)
    page = await task_page(who.service.tasks, chosen, before=after, limit=limit)
    cursor = str(page.tasks[-1].id) if page.has_more else None
    return Page(items=[shown_to(who, task) for task in page.tasks], next=cursor)


@routes.get("/{task_id}", operation_id="get_task")
async def get_task(who: Observer, task_id: TaskId) -> TaskView:
    """Return a task with its error log, its steps and its children."""
    task = shown_to(who, await who.service.tasks.get(task_id))
    steps = await who.service.tasks.steps(task_id)
    children = await who.service.tasks.children(task_id)
    if not who.sees_payloads:
        steps = [step.model_copy(update={"data": None, "error": None}) for step in steps]
    return TaskView(**dict(task), steps=tuple(steps), children=tuple(child.id for child in children))


def shown_to(who: Caller, task: Task) -> Task:
    """Return as much of a task as the caller may see."""
    return task if who.sees_payloads else without_payloads(task)
