"""A container's health check: whether the worker on this machine asks Temporal for work. Run as a module."""

import asyncio
import os
import socket
import sys
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

from client.connect import EngineUnreachable, connect
from client.settings import Settings

# A worker that waits for work asks anew each minute; a second minute covers a slow answer.
RECENT = timedelta(minutes=2)
ANSWER_TIMEOUT = timedelta(seconds=5)


async def is_polling(client: Client, task_queue: str, host: str) -> bool:
    """Return whether a worker on `host` asked for workflow tasks recently.

    The SDK's default identity of a worker is its process id, an @ and its host's name.
    """
    request = DescribeTaskQueueRequest(
        namespace=client.namespace,
        task_queue=TaskQueue(name=task_queue),
        task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    )
    answer = await client.workflow_service.describe_task_queue(request, timeout=ANSWER_TIMEOUT)
    oldest = datetime.now(UTC) - RECENT
    return any(
        poller.identity.endswith(f"@{host}") and poller.last_access_time.ToDatetime(UTC) > oldest
        for poller in answer.pollers
    )


async def _check() -> int:
    settings = Settings.load()
    try:
        client = await connect(settings, timeout=ANSWER_TIMEOUT)
    except EngineUnreachable as error:
        print(error, file=sys.stderr)  # noqa: T201  # docker inspect shows it
        return 1
    return 0 if await is_polling(client, settings.task_queue, socket.gethostname()) else 1


if __name__ == "__main__":
    code = asyncio.run(_check())
    sys.stderr.flush()
    os._exit(code)  # a live client can abort an ordinary exit
