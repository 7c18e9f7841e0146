"""Tasks: cancelling and retrying them, and tokens to look at one."""

from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field

from mainspring.api.callers import Operator
from mainspring.api.models import Body, Moment, Started
from mainspring.api.problems import FieldProblem, Refused
from mainspring.api.readers import TaskId
from mainspring.client.cancelling import MOST_CANCELLED
from mainspring.client.tasks.listing import overview
from mainspring.contracts.tasks import TaskFilter, TaskState

routes = APIRouter(prefix="/tasks", tags=["tasks"])

# In seconds, as OAuth's `expires_in` is (RFC 6749, section 5.1).
TOKEN_SECONDS = 600
LONGEST_TOKEN_SECONDS = 3_600


class CancelledTask(BaseModel):
    """A task that was asked to cancel itself. `note` says why that takes long, if it does."""

    id: UUID
    state: TaskState
    note: str | None = None


class CancelFilter(Body):
    """Which active tasks are cancelled: those for which everything that is given holds."""

    job: str | None = None
    state: frozenset[TaskState] = frozenset()
    fairness_key: str | None = None
    parent: UUID | None = None
    created_since: Moment | None = None
    created_until: Moment | None = None
    everything: bool = Field(default=False, description="Also steps of flows and deliveries of webhooks.")

    def chosen(self) -> TaskFilter:
        """Return the filter for the list of these tasks.

        Raises Refused: when the filter names nothing.
        """
        if self == CancelFilter():
            accepted = 'at least one field; {"everything": true} for all tasks'
            problem = FieldProblem(field="body.filter", value="{}", accepted=accepted)
            detail = f"body.filter: {{}} is not accepted: {accepted}"
            raise Refused(HTTPStatus.UNPROCESSABLE_ENTITY, "bad-input", detail, errors=[problem])
        fields = self.model_dump()
        states, parent = fields.pop("state"), fields.pop("parent")
        return overview(states=states, parent_id=parent, **fields)


class CancelBody(Body):
    """Which tasks are cancelled. With `dry_run` they are counted, and nothing is cancelled."""

    filter: CancelFilter
    dry_run: bool = False
    expect: int | None = Field(
        default=None,
        ge=0,
        le=MOST_CANCELLED,
        description="What a dry run has counted: with another number now, nothing is cancelled.",
    )


class CancelledTasks(BaseModel):
    """How many tasks were cancelled, or would be. With `more` there are others: call again."""

    count: int
    more: bool


class RetryBody(Body):
    """What is to be otherwise this time."""

    from_step: str | None = Field(
        default=None, max_length=200, description="Run this step of a flow and all that depend on it again."
    )
    input: dict[str, Any] | None = Field(default=None, description="The fields of the input to change.")


class TokenBody(Body):
    """How long a token holds, and what its holder sees."""

    expires_in: int = Field(default=TOKEN_SECONDS, ge=1, le=LONGEST_TOKEN_SECONDS, description="In seconds.")
    payloads: bool = Field(default=True, description="Whether input, result and texts of errors are seen.")


class Token(BaseModel):
    """A token for one task. Send it as `Authorization: Bearer TOKEN`, or as `?access_token=TOKEN`."""

    token: str
    expires_at: datetime


@routes.post("/cancel", status_code=202, operation_id="cancel_tasks")
async def cancel_tasks(who: Operator, body: CancelBody) -> CancelledTasks:
    """Cancel the active tasks of a filter, up to a thousand in a call, the newest first."""
    done = await who.service.cancelling.cancel_matching(
        body.filter.chosen(), dry_run=body.dry_run, expect=body.expect
    )
    if not body.dry_run:
        named = body.filter.model_dump(mode="json", exclude_defaults=True)
        await who.audit("tasks", after={"filter": named, "cancelled": done.count})
    return CancelledTasks(count=done.count, more=done.more)


@routes.post("/{task_id}/cancel", status_code=202, operation_id="cancel_task")
async def cancel_task(who: Operator, task_id: TaskId) -> CancelledTask:
    """Cancel a task; what it has done so far stays. 409 when the task has succeeded or failed."""
    done = await who.service.cancelling.cancel(task_id)
    await who.audit(f"task {task_id}", after={"state": done.task.state, "note": done.note})
    return CancelledTask(id=task_id, state=done.task.state, note=done.note)


@routes.post("/{task_id}/retry", status_code=202, operation_id="retry_task")
async def retry_task(
    who: Operator, task_id: TaskId, response: Response, body: RetryBody | None = None
) -> Started:
    """Start a failed or cancelled task once more, as a new task; a flow runs only what is missing."""
    changed = body or RetryBody()
    start = await who.service.starts.retry(
        task_id, is_platform=who.is_platform, from_step=changed.from_step, changes=changed.input
    )
    await who.audit(
        f"task {task_id}",
        after={
            "retried_by": start.id,
            "from_step": changed.from_step,
            "changed": sorted(changed.input or {}),
        },
    )
    response.headers["Location"] = f"/v1/tasks/{start.id}"
    return Started(id=start.id, deduplicated=start.deduplicated)


@routes.post("/{task_id}/token", operation_id="make_token")
async def make_token(who: Operator, task_id: TaskId, body: TokenBody | None = None) -> Token:
    """Make a token by which a browser may look at this task, and at nothing else.

    The token ends when its time is over, or at once when the key that made it is revoked.
    """
    asked = body or TokenBody()
    text, token = await who.service.task_tokens.make(
        task_id,
        key_id=who.key.id,
        sees_payloads=asked.payloads,
        expires_in=timedelta(seconds=asked.expires_in),
    )
    await who.audit(
        f"task {task_id}", after={"token_until": token.expires_at, "payloads": token.sees_payloads}
    )
    return Token(token=text, expires_at=token.expires_at)
