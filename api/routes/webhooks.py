"""Webhooks: who is told of tasks' ends, and what became of the deliveries."""

from datetime import timedelta
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Path, Query
from pydantic import Field

from mainspring.api.callers import Admin, Observer, Operator
from mainspring.api.models import Body, Limit, Page, Text
from mainspring.api.routes.tasks import shown_to
from mainspring.api.rows import page_of
from mainspring.client.webhooks import LONGEST_OVERLAP, LONGEST_REASON, OVERLAP, AddedWebhook
from mainspring.contracts.tasks import FINAL_STATES, Task, TaskState
from mainspring.contracts.webhooks import Subscription

routes = APIRouter(prefix="/webhooks", tags=["webhooks"])

LONGEST_URL = 2_000

WebhookId = Annotated[UUID, Path(description="The id of a webhook.")]
After = Annotated[UUID | None, Query(description="The `next` of the page above.")]


class WebhookBody(Body):
    """Whom to tell of tasks that end in one of the states, of one fairness key or of all."""

    url: str = Field(min_length=1, max_length=LONGEST_URL, examples=["https://shop.example/hooks/tasks"])
    fairness_key: Text | None = None
    states: frozenset[TaskState] = Field(default=FINAL_STATES, description="SUCCESS, FAILED or CANCELLED.")


class SecretBody(Body):
    """How long deliveries are signed with the former secret as well."""

    overlap: timedelta = Field(default=OVERLAP, ge=timedelta(), le=LONGEST_OVERLAP, examples=["P1D"])


class DisableBody(Body):
    """Why a webhook is disabled, for those who look at it."""

    reason: str = Field(min_length=1, max_length=LONGEST_REASON, examples=["the receiver is rebuilt"])


class WebhookSecret(Subscription):
    """A webhook with the secret that its receiver verifies with. The secret is not shown again."""

    secret: str = Field(examples=["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"])

    @classmethod
    def of(cls, added: AddedWebhook) -> Self:
        """Return a webhook with its new secret."""
        return cls(**added.subscription.model_dump(), secret=added.secret)


@routes.get("", operation_id="list_webhooks")
async def list_webhooks(who: Observer, *, after: After = None, limit: Limit = 50) -> Page[Subscription]:
    """List webhooks and how they fare, the oldest first. Of a URL the host is shown."""
    found = await who.service.webhooks.all(after=after, limit=limit + 1)
    return page_of(found, limit, lambda webhook: str(webhook.id))


@routes.post("", status_code=201, operation_id="add_webhook")
async def add_webhook(who: Admin, body: WebhookBody) -> WebhookSecret:
    """Tell a URL of tasks that end. The secret is in this answer and nowhere else."""
    added = await who.service.webhooks.add(body.url, fairness_key=body.fairness_key, states=body.states)
    await who.audit(f"webhook {added.subscription.id}", after=added.subscription)
    return WebhookSecret.of(added)


@routes.get("/{webhook_id}", operation_id="get_webhook")
async def get_webhook(who: Observer, webhook_id: WebhookId) -> Subscription:
    """Return a webhook and how it fares."""
    return await who.service.webhooks.find(str(webhook_id))


@routes.delete("/{webhook_id}", operation_id="remove_webhook")
async def remove_webhook(who: Admin, webhook_id: WebhookId) -> Subscription:
    """Forget a webhook; return it. Deliveries that wait fail when their turn comes."""
    removed = await who.service.webhooks.remove(str(webhook_id))
    await who.audit(f"webhook {webhook_id}", before=removed)
    return removed


@routes.post("/{webhook_id}/rotate-secret", operation_id="rotate_webhook_secret")
async def rotate_webhook_secret(who: Admin, webhook_id: WebhookId, body: SecretBody) -> WebhookSecret:
    """Give a webhook another secret, which is in this answer and nowhere else."""
    before = await who.service.webhooks.find(str(webhook_id))
    rotated = await who.service.webhooks.rotate_secret(str(webhook_id), overlap=body.overlap)
    await who.audit(f"webhook {webhook_id}", before=before, after=rotated.subscription)
    return WebhookSecret.of(rotated)


@routes.post("/{webhook_id}/disable", operation_id="disable_webhook")
async def disable_webhook(who: Operator, webhook_id: WebhookId, body: DisableBody) -> Subscription:
    """Tell a webhook nothing until it is enabled. Deliveries that wait fail when their turn comes."""
    before = await who.service.webhooks.find(str(webhook_id))
    disabled = await who.service.webhooks.disable(str(webhook_id), body.reason)
    await who.audit(f"webhook {webhook_id}", before=before, after=disabled)
    return disabled


@routes.post("/{webhook_id}/enable", operation_id="enable_webhook")
async def enable_webhook(who: Operator, webhook_id: WebhookId) -> Subscription:
    """Tell a disabled webhook again. What it missed stays failed: a replay delivers it."""
    before = await who.service.webhooks.find(str(webhook_id))
    enabled = await who.service.webhooks.enable(str(webhook_id))
    await who.audit(f"webhook {webhook_id}", before=before, after=enabled)
    return enabled


@routes.get("/{webhook_id}/deliveries", operation_id="list_deliveries")
async def list_deliveries(
    who: Observer, webhook_id: WebhookId, *, after: After = None, limit: Limit = 50
) -> Page[Task]:
    """List the deliveries of a webhook, the newest first; `retried_by` of one is the task of its replay."""
    found = await who.service.webhooks.deliveries(str(webhook_id), after=after, limit=limit + 1)
    return page_of([shown_to(who, each) for each in found], limit, lambda task: str(task.id))
