"""Webhook deliveries of changes that never were, and a subscriber for those of changes that were."""

from uuid import UUID

from mainspring.client.webhooks import WebhookSubscriptions
from mainspring.config.secrets import encryption_key
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.webhooks import DeliverWebhook, TaskChanged
from mainspring.gateways.clock import SystemClock
from mainspring.storage.secrets import SecretBox
from tests.service import Service


def made_up_delivery(subscription_id: UUID, number: int = 1) -> DeliverWebhook:
    """Return the delivery of a task's success; each number is another task."""
    change = TaskChanged(
        task_id=UUID(int=number),
        job="discover-sets",
        state=TaskState.SUCCESS,
        workspace=None,
        at=SystemClock().now(),
    )
    return DeliverWebhook(subscription_id=subscription_id, event=change)


async def add_subscriber(service: Service) -> None:
    """Have all ends of tasks told to a port where nobody listens."""
    box = SecretBox(encryption_key(service.settings))
    subscriptions = WebhookSubscriptions(service.database, box, service.clock, allow_private=True)
    await subscriptions.add("http://127.0.0.1:9/")


async def deliveries_are_under_way(service: Service) -> bool:
    """Whether the deliveries' consumer has been woken."""
    query = 'WorkflowId="drain-deliver-webhook"'
    return (await service.temporal_client.count_workflows(query)).count > 0
