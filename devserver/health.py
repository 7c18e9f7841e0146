"""Whether a server that was just started can take work."""

import asyncio
from datetime import timedelta

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from mainspring.devserver.process import ServerProcess

POLL_SECONDS = 0.05
ANSWER_TIMEOUT = timedelta(seconds=2)
# A first start creates the database: half a second on an idle machine, several on a busy one.
START_TIMEOUT = timedelta(seconds=60)


async def why_not_healthy(process: ServerProcess, address: str) -> str | None:
    """Wait until the server at `address` takes work, then return None; else return why it will not."""
    healthy = asyncio.create_task(_until_healthy(address))
    ended = asyncio.create_task(process.ended())
    try:
        await asyncio.wait(
            {healthy, ended}, timeout=START_TIMEOUT.total_seconds(), return_when=asyncio.FIRST_COMPLETED
        )
        if ended.done():
            return f"it ended with exit code {ended.result()}"
        if not healthy.done():
            return f"it was not healthy after {START_TIMEOUT.total_seconds():.0f} seconds"
        return healthy.result()
    finally:
        healthy.cancel()
        ended.cancel()


async def _until_healthy(address: str) -> None:
    while not await _knows_default_namespace(address):  # noqa: ASYNC110  # nothing here could set an event
        await asyncio.sleep(POLL_SECONDS)


async def _knows_default_namespace(address: str) -> bool:
    try:
        client = await asyncio.wait_for(Client.connect(address), ANSWER_TIMEOUT.total_seconds())
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace="default"), timeout=ANSWER_TIMEOUT
        )
    except (RuntimeError, RPCError, TimeoutError):  # the SDK's connect raises a bare RuntimeError
        return False
    return True
