"""A process that works the toy jobs of both lanes, to be killed: `python -m tests.toy_worker`.

Its standard output says what it works on, before that is done: "toys 3", "pool 4".
"""

import asyncio
import os
import sys
from pathlib import Path
from typing import TypeVar

from temporalio.client import Client

from mainspring.gateways.temporal.converter import data_converter
from mainspring.storage.database import Database
from tests.pooled import NoteNumber, noting_worker
from tests.service import idle_service
from tests.toys import Toys

T = TypeVar("T")

# It is the parent's to wait for this line.
READY = "working"


class Told(list[T]):
    """A list that says what it is given, in a way that outlives the process."""

    def __init__(self, lane: str) -> None:
        super().__init__()
        self._lane = lane

    def append(self, item: T) -> None:
        """Keep it, and say what it is."""
        super().append(item)
        requests = item if isinstance(item, list) else [item]
        for each in requests:
            say(f"{self._lane} {each.number if isinstance(each, NoteNumber) else each}")


def say(line: str) -> None:
    """Write a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


async def main(address: str, namespace: str, database_url: str, state_dir: str) -> None:
    """Work until killed."""
    temporal_client = await Client.connect(
        address, namespace=namespace, data_converter=data_converter, identity=f"{os.getpid()}/toys"
    )
    async with idle_service(temporal_client, Database(database_url), Path(state_dir)) as service:
        toys = Toys(service)
        toys.products.seen = Told("toys")
        queue = service.settings.task_queue
        async with (
            toys.worker(),
            noting_worker(temporal_client, queue, service.database, service.clock) as notes,
        ):
            notes.pages = Told("pool")
            say(READY)
            await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
