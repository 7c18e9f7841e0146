import socket
from pathlib import Path

from temporalio import workflow
from temporalio.client import Client
from temporalio.worker import Worker

from mainspring.config.health import is_polling
from mainspring.devserver import EmbeddedTemporal
from mainspring.gateways.temporal import TemporalGateway


@workflow.defn(name="idle", sandboxed=False)
class IdleWorkflow:
    """A workflow for the worker to wait for; unsandboxed, for this module imports what opens connections."""

    @workflow.run
    async def run(self) -> None:
        """Do nothing."""


async def test_a_worker_is_healthy_when_it_asks_for_work(tmp_path: Path) -> None:
    """A container whose worker hangs is restarted, and another machine's worker does not hide that."""
    async with EmbeddedTemporal(tmp_path, port=0, ui_port=0) as temporal:
        client = await Client.connect(temporal.address)
        queue, here = TemporalGateway(client, "queue"), socket.gethostname()
        assert not await is_polling(queue, here)
        async with Worker(client, task_queue="queue", workflows=[IdleWorkflow]):
            await client.execute_workflow("idle", id="once", task_queue="queue")
            assert await is_polling(queue, here)
            assert not await is_polling(queue, "elsewhere")
