"""A Temporal dev server of the test run's own, with one namespace for each test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from uuid import uuid4

from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.testing import WorkflowEnvironment

from mainspring.devserver.command import temporal_binary
from mainspring.gateways.temporal.converter import data_converter
from mainspring.testing.eventually import eventually

# What makes a server quick for tests: short timers are exact, a queue is one queue, and a new namespace
# has its schedules soon.
# (The server reads through to a namespace that it does not know yet, and looks for all of them that often:
# with hundreds of them, twenty looks a second were half of what a whole test run cost it.)
DYNAMIC_CONFIG = {
    "history.timerProcessorMaxTimeShift": '"1ms"',
    "history.workflowIdReuseMinimalInterval": '"0s"',
    "system.namespaceCacheRefreshInterval": '"1s"',
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
}
RETENTION = timedelta(days=1)

# A server is given a port that was free a moment before, which another process may have taken since.
STARTS = 3


def dynamic_config(**more: str) -> list[str]:
    """Return the server's arguments for its dynamic configuration; `__` in a name stands for a dot."""
    values = DYNAMIC_CONFIG | {name.replace("__", "."): value for name, value in more.items()}
    return [f"--dynamic-config-value={name}={value}" for name, value in values.items()]


async def started(start: Callable[[], Awaitable[WorkflowEnvironment]]) -> WorkflowEnvironment:
    """Return what `start` gives; a start that fails is tried again, with another port."""
    for _ in range(STARTS - 1):
        with suppress(RuntimeError):  # what the SDK raises when the server ends or does not answer
            return await start()
    return await start()


@asynccontextmanager
async def temporal_server_process(**more: str) -> AsyncIterator[str]:
    """Run a server until the block ends, and give its address."""
    environment = await started(
        lambda: WorkflowEnvironment.start_local(
            dev_server_existing_path=temporal_binary(),
            data_converter=data_converter,
            dev_server_log_level="error",
            dev_server_extra_args=dynamic_config(**more),
        )
    )
    try:
        yield environment.client.service_client.config.target_host
    finally:
        await environment.shutdown()


async def own_namespace(address: str, identity: str | None = None) -> Client:
    """Return a client of a new namespace, so that no test sees the workflows of another."""
    namespace = f"test-{uuid4().hex}"
    client = await Client.connect(
        address, namespace=namespace, data_converter=data_converter, identity=identity
    )
    request = RegisterNamespaceRequest(namespace=namespace)
    request.workflow_execution_retention_period.FromTimedelta(RETENTION)
    await client.workflow_service.register_namespace(request)
    await eventually(lambda: _knows_namespace(client), bool)
    return client


async def _knows_namespace(client: Client) -> bool:
    try:
        await client.count_workflows()
    except RPCError:
        return False
    return True
