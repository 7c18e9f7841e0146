"""What a catalogue costs: calls of models and Temporal's history, for an import, the same again, one change.

`python -m benchmarks.products [--products 2000]` imports a file of products with a real Temporal and the
emulators of Claude and of an endpoint for embeddings, and prints counts and seconds.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from temporalio.client import Client

from mainspring.client.gifting.product_imports import import_catalogue
from mainspring.contracts.tasks import TaskFilter, TaskState
from mainspring.emulators.claude import ClaudeEmulator
from mainspring.emulators.embeddings import EmbeddingsEmulator
from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.testing import ServiceUnderTest, idle_service
from mainspring.testing.temporal_server import own_namespace, temporal_server_process

OPEN = frozenset(state for state in TaskState if not state.is_final)


def write(path: Path, count: int, description: str = "A light backpack for hikers") -> Path:
    """Write a file of products; the first one has the description."""
    lines = [
        {
            "id": f"p{number:05}",
            "title": f"Trekking backpack {number}",
            "status": "published",
            "visible_to_gifter": True,
            "description": "A light backpack for hikers" if number else description,
            "price_cents": 4_900,
            "currency": "EUR",
        }
        for number in range(count)
    ]
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    return path


async def events(client: Client) -> int:
    """Count the events of all workflows' histories."""
    await asyncio.sleep(2)  # what has just ended is listed a moment later
    return sum([each.history_length async for each in client.list_workflows()])


async def at_rest(service: ServiceUnderTest) -> None:
    """Wait until no task is open."""
    while await service.tasks.find(TaskFilter(states=OPEN), limit=1):
        await asyncio.sleep(0.5)


async def imports(
    service: ServiceUnderTest,
    claude: ClaudeEmulator,
    embeddings: EmbeddingsEmulator,
    folder: Path,
    count: int,
) -> None:
    """Import three times, and print what each import costs."""
    first = write(folder / "first.jsonl", count)
    changed = write(folder / "changed.jsonl", count, "A heavy backpack for climbers")
    before = 0
    for what, path in (("new", first), ("again", first), ("one changed", changed)):
        claude.reset()
        embeddings.reset()
        began = time.perf_counter()
        await import_catalogue(service.products, path)
        await at_rest(service)
        seconds = time.perf_counter() - began
        total = await events(service.temporal_client)
        say(
            f"{count:,} products, {what}: {claude.counts.calls:,} enrichments, {embeddings.calls} embedding "
            f"calls of {len(embeddings.texts):,} texts, {total - before} events of Temporal, {seconds:.0f} s"
        )
        before = total


async def main(count: int) -> None:
    """Run a service beside Temporal and the emulators."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = Database(f"sqlite+aiosqlite:///{folder}/products.db")
        await upgrade(database)
        stack.push_async_callback(database.dispose)
        address = await stack.enter_async_context(temporal_server_process())
        claude = await stack.enter_async_context(ClaudeEmulator())
        embeddings = await stack.enter_async_context(EmbeddingsEmulator())
        settings: dict[str, Any] = {
            "claude_url": claude.address,
            "claude_api_key": claude.key,
            "embeddings_url": embeddings.base_url,
            "embeddings_api_key": embeddings.key,
            "embeddings_dimensions": embeddings.dimensions,
            "models_daily_budget": "1000",
        }
        opened = idle_service(await own_namespace(address), database, folder, **settings)
        service = await stack.enter_async_context(opened)
        await stack.enter_async_context(service.worker())
        await imports(service, claude, embeddings, folder, count)


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--products", type=int, default=2_000)
    asyncio.run(main(parser.parse_args().products))
