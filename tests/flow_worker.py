"""A process that works the toy's flows and hangs in step "b", to be killed: `python -m tests.flow_worker`."""

import asyncio
import sys
from pathlib import Path

from temporalio.client import Client

from mainspring.gateways.temporal.converter import data_converter
from mainspring.storage.database import Database
from tests.flow_toys import Flows
from tests.service import idle_service


async def main(address: str, namespace: str, database_url: str, state_dir: str) -> None:
    """Work until killed."""
    temporal_client = await Client.connect(address, namespace=namespace, data_converter=data_converter)
    async with idle_service(temporal_client, Database(database_url), Path(state_dir)) as service:
        flows = Flows(service)
        flows.shop.gates = {"b": asyncio.Event()}
        async with flows.worker():
            sys.stdout.write("working\n")
            sys.stdout.flush()
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
