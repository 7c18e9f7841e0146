"""What a start over HTTP costs its caller beside a start from Python, at 20 a second.

Run `python -m benchmarks.api_starts`: Temporal is up, then hangs (SIGSTOP), then is away. On SQLite, or on
the database of `--database URL`, which is filled.
"""

import argparse
import asyncio
import os
import signal
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from uuid import uuid4

import httpx

from mainspring.api.app import api_of
from mainspring.api.server import listening, serving, url_of
from mainspring.client.service import service_of
from mainspring.config.settings import Settings
from mainspring.contracts.api_keys import Role
from mainspring.contracts.flows import RunFlow
from mainspring.gateways.clock import SystemClock
from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from mainspring.workflows.run_flow import RUN_FLOW

RATE = 20
SECONDS = 15

# A job without a key: each start is a task of its own.
STEP = {"name": "prices", "job": "update-inventory-prices", "input": {"account_id": str(uuid4())}}
FLOW = {"steps": [STEP]}


async def paced(start: Callable[[], Awaitable[object]]) -> list[float]:
    """Start at an even rate, whether or not the starts before have ended; return what each took, in ms."""
    took: list[float] = []

    async def one() -> None:
        began = time.perf_counter()
        await start()
        took.append((time.perf_counter() - began) * 1_000)

    async with asyncio.TaskGroup() as group:
        for _ in range(RATE * SECONDS):
            group.create_task(one())
            await asyncio.sleep(1 / RATE)
    return took


def shown(name: str, took: list[float]) -> None:
    """Print the middle and the tail."""
    centiles = statistics.quantiles(took, n=100)
    print(f"{name:32} p50 {centiles[49]:7.1f} ms   p99 {centiles[98]:7.1f} ms   of {len(took)}")


async def measure(settings: Settings, url: str) -> None:
    """Measure both ways in while Temporal is up, hangs and is away."""
    database = Database(url)
    await upgrade(database)
    async with temporal_server_process() as address:
        client = await own_namespace(address)
        service = service_of(settings, database, client, SystemClock())
        made = await service.platform_keys.create("benchmark", Role.OPERATOR)
        listener = listening("127.0.0.1", 0)
        headers = {"Authorization": f"Bearer {made.text}"}
        async with (
            serving(api_of(service), listener),
            httpx.AsyncClient(base_url=url_of(listener), headers=headers, trust_env=False) as http,
        ):

            async def over_http() -> None:
                answer = await http.post("/v1/jobs/run-flow", json={"input": FLOW})
                answer.raise_for_status()

            async def from_python() -> None:
                await service.jobs.start(RUN_FLOW, RunFlow.model_validate(FLOW))

            await over_http()
            for state in ("up", "hangs", "is away"):
                set_state(address, state)
                shown(f"Temporal {state}: from Python", await paced(from_python))
                shown(f"Temporal {state}: over HTTP", await paced(over_http))
    await database.dispose()


def set_state(address: str, state: str) -> None:
    """Stop or end the server that listens at this address."""
    if state == "up":
        return
    port = address.rsplit(":", 1)[1]
    (pid,) = [
        int(each.name)
        for each in Path("/proc").iterdir()
        if each.name.isdecimal() and f"\0{port}\0" in _command(each) and "start-dev" in _command(each)
    ]
    os.kill(pid, signal.SIGSTOP if state == "hangs" else signal.SIGKILL)


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_text()
    except OSError:
        return ""


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = chosen.database or f"sqlite+aiosqlite:///{folder}/benchmark.db"
        asyncio.run(measure(Settings(state_dir=Path(folder)), url))


if __name__ == "__main__":
    main()
