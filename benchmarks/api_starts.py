"""What a start over HTTP costs its caller beside a start from Python, at 20 a second.

Run `python -m benchmarks.api_starts`: Temporal is up, then hangs (SIGSTOP), then is away. On SQLite, or on
the database of `--database URL`, which is filled, or with `--postgresql` on a server of its own. The API has
a process of its own (`mainspring api`); starts from Python are made in this one. In each state both take
turns, and a figure is the middle one of the turns'.
"""

import argparse
import asyncio
import base64
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
from temporalio.client import Client

from benchmarks.statements import statements_of
from mainspring.api.app import api_of
from mainspring.client.service import Service, service_of
from mainspring.config.logs import configure_logs
from mainspring.config.settings import Settings
from mainspring.contracts.api_keys import Role
from mainspring.contracts.flows import RunFlow
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.temporal.converter import data_converter
from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from mainspring.workflows.run_flow import RUN_FLOW
from tests.postgres import postgres_server

RATE = 20

# A job without a key: each start is a task of its own.
STEP = {"name": "prices", "job": "update-inventory-prices", "input": {"account_id": str(uuid4())}}
FLOW = {"steps": [STEP]}
START = "/v1/jobs/run-flow"

SEALING_KEY = base64.b64encode(bytes(range(32))).decode()

Start = Callable[[], Awaitable[object]]


@dataclass(frozen=True)
class Turn:
    """What starts of one turn took, in ms: the middle, the tail, and the CPU of the process that accepts."""

    p50: float
    p99: float
    cpu: float


async def paced(start: Start, seconds: int, pid: int) -> Turn:
    """Start at an even rate, whether or not the starts before have ended."""
    took: list[float] = []

    async def one() -> None:
        began = time.perf_counter()
        await start()
        took.append((time.perf_counter() - began) * 1_000)

    cpu = cpu_seconds(pid)
    async with asyncio.TaskGroup() as group:
        for _ in range(RATE * seconds):
            group.create_task(one())
            await asyncio.sleep(1 / RATE)
    cpu = cpu_seconds(pid) - cpu
    centiles = statistics.quantiles(took, n=100)
    return Turn(centiles[49], centiles[98], cpu / len(took) * 1_000)


def cpu_seconds(pid: int) -> float:
    """Return how long a process has been computing."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def show(name: str, turns: list[Turn]) -> None:
    """Print the middle turn's figures."""
    p50, p99, cpu = (
        statistics.median(getattr(turn, each) for turn in turns) for each in ("p50", "p99", "cpu")
    )
    print(f"{name:34} p50 {p50:6.1f} ms   p99 {p99:6.1f} ms   CPU {cpu:5.1f} ms", flush=True)


async def measure(url: str, state_dir: Path, seconds: int, turns: int) -> None:
    """Measure both ways in while Temporal is up, hangs and is away."""
    settings = Settings(state_dir=state_dir, database_url=url, encryption_key=SEALING_KEY)
    configure_logs(settings)
    database = Database(settings.resolved_database_url)
    await upgrade(database)
    async with temporal_server_process() as address:
        namespace = (await own_namespace(address)).namespace
        client = await Client.connect(address, namespace=namespace, lazy=True, data_converter=data_converter)
        service = service_of(settings, database, client, SystemClock())
        made = await service.platform_keys.create("benchmark", Role.OPERATOR)
        headers = {"Authorization": f"Bearer {made.text}"}

        async def from_python() -> None:
            await service.jobs.start(RUN_FLOW, RunFlow.model_validate(FLOW))

        await show_statements(service, headers, from_python)
        with served(url, state_dir, address, namespace) as (pid, api):
            async with httpx.AsyncClient(base_url=api, headers=headers, trust_env=False) as http:

                async def over_http() -> None:
                    (await http.post(START, json={"input": FLOW})).raise_for_status()

                for _ in range(5):
                    await over_http()
                for state in ("up", "hangs", "is away"):
                    set_state(address, state)
                    python, over = [], []
                    for _ in range(turns):
                        python.append(await paced(from_python, seconds, os.getpid()))
                        over.append(await paced(over_http, seconds, pid))
                    show(f"Temporal {state}: from Python", python)
                    show(f"Temporal {state}: over HTTP", over)
    await database.dispose()


async def show_statements(service: Service, headers: dict[str, str], from_python: Start) -> None:
    """Print what a start sends to the database, from Python and over HTTP."""
    transport = httpx.ASGITransport(api_of(service))
    async with httpx.AsyncClient(transport=transport, base_url="http://api", headers=headers) as http:

        async def over_http() -> None:
            (await http.post(START, json={"input": FLOW})).raise_for_status()

        for name, start in (("from Python", from_python), ("over HTTP", over_http)):
            await start()
            with statements_of(service.database) as sent:
                await start()
            print(f"{name}: {len(sent.statements)} statements in {sent.transactions} transactions")


@contextmanager
def served(url: str, state_dir: Path, temporal: str, namespace: str) -> Iterator[tuple[int, str]]:
    """Serve the API in a process of its own; give its id and its address."""
    environment = os.environ | {
        "MAINSPRING_DATABASE_URL": url,
        "MAINSPRING_STATE_DIR": str(state_dir),
        "MAINSPRING_ENCRYPTION_KEY": SEALING_KEY,
        "TEMPORAL_ADDRESS": temporal,
        "TEMPORAL_NAMESPACE": namespace,
    }
    log = state_dir / "api.log"
    with log.open("w") as file:
        command = [sys.executable, "-m", "mainspring", "api", "--port", "0"]
        process = subprocess.Popen(command, env=environment, stderr=file)
    try:
        while (found := re.search(r"api ready.*(http://127\.0\.0\.1:\d+)", log.read_text())) is None:
            if process.poll() is not None:
                raise RuntimeError(log.read_text())
            time.sleep(0.1)
        yield process.pid, found[1]
    finally:
        process.terminate()
        process.wait()


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


async def run(chosen: argparse.Namespace) -> None:
    """Measure on the database that was chosen."""

    async def prepare(_: Database) -> None:
        """Leave the template as it is."""

    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = chosen.database or f"sqlite+aiosqlite:///{folder}/benchmark.db"
        if chosen.postgresql:
            server = stack.enter_context(postgres_server(prepare))
            url = server.url(await server.create_empty())
        await measure(url, folder, chosen.seconds, chosen.turns)


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database")
    parser.add_argument("--postgresql", action="store_true")
    parser.add_argument("--seconds", type=int, default=10, help="of a turn")
    parser.add_argument("--turns", type=int, default=3)
    asyncio.run(run(parser.parse_args()))


if __name__ == "__main__":
    main()
