"""The task queue, and the workers that ask it for work."""

from dataclasses import dataclass
from datetime import UTC, datetime

from temporalio.api.common.v1 import WorkflowExecution as ExecutionId
from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest, ResetStickyTaskQueueRequest
from temporalio.client import Client

from mainspring.gateways.temporal.calls import RPC_TIMEOUT, translated, was_received


@dataclass(frozen=True)
class AskingWorker:
    """A worker, and when it last asked for work.

    The SDK's default identity of a worker is its process id, an @ and its host's name.
    """

    identity: str
    asked_at: datetime


async def asking_workers(client: Client, task_queue: str) -> list[AskingWorker]:
    """Return the workers that have asked for workflows of a task queue in the last minutes."""
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    async with translated():
        answer = await client.workflow_service.describe_task_queue(request, timeout=RPC_TIMEOUT)
    return [
        AskingWorker(poller.identity, poller.last_access_time.ToDatetime(UTC)) for poller in answer.pollers
    ]


async def back_to_all_workers(client: Client, workflow_id: str) -> bool:
    """Take a workflow from the one worker whose cache holds it; return False when it is over."""
    request = ResetStickyTaskQueueRequest(
        namespace=client.namespace, execution=ExecutionId(workflow_id=workflow_id)
    )
    return await was_received(client.workflow_service.reset_sticky_task_queue(request, timeout=RPC_TIMEOUT))
