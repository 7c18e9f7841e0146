"""Webhooks: the deliveries wait in a batched queue."""

from temporalio import workflow

from mainspring.workflows.runtime.job import AnyJob, Job
from mainspring.workflows.runtime.queue import consume_queue

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.webhooks import WebhookActivities

from mainspring.contracts.queues import BatchedQueue, ConsumeQueue, QueueConsumed
from mainspring.contracts.webhooks import DELIVER_WEBHOOK, DeliverWebhook, WebhookDelivered


@workflow.defn(name="drain-deliver-webhook")
class DeliverWebhookConsumerWorkflow:
    """Delivers what waits to be delivered."""

    @workflow.run
    async def run(self, request: ConsumeQueue) -> QueueConsumed:
        """Work the queue until it is empty."""
        return await consume_queue(DELIVER_WEBHOOK, WebhookActivities.deliver, request)


DELIVER = Job(
    name=DELIVER_WEBHOOK,
    run=DeliverWebhookConsumerWorkflow.run,
    input=DeliverWebhook,
    result=WebhookDelivered,
    fairness_key=lambda request: request.event.workspace,
    # 400 requests may wait for slow receivers: a worker may usually open 1,024 files.
    queue=BatchedQueue(page=100, parallel=4),
    summary="Tell a webhook's subscriber that a task has ended.",
)

JOBS: tuple[AnyJob, ...] = (DELIVER,)
