"""Batched queues beside BullMQ: the same jobs of 5 ms and of nothing, on one machine in one run.

`python -m benchmarks.beside_bullmq --redis-server PATH` needs a Redis server, Node and npm. It prints jobs a
second from the first start to the last end, the CPU of the process that starts and works them, and the ratio.
A job of 5 ms waits, as for somebody's answer; as many are under way at once on either side. Neither side
waits for the disk: `synchronous_commit=off` and no fsync, `appendfsync everysec`. The servers' own CPU is not
counted, and takes its part of the machine.
"""

import argparse
import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from sqlalchemy import func, select
from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import Worker

from mainspring.activities.queues import QueueActivities
from mainspring.activities.runtime.interceptor import ActivityCare
from mainspring.activities.runtime.isolation import Suspects
from mainspring.activities.runtime.queue import BatchedQueues, QueueSizes, QueueTask, Result
from mainspring.client.jobs import Jobs
from mainspring.config.connect import connect_embedded
from mainspring.config.logs import configure_logs
from mainspring.config.settings import Settings
from mainspring.contracts.queues import BatchedQueue, ConsumeQueue, QueueConsumed, QueueWorked, WorkQueue
from mainspring.contracts.tasks import TaskState
from mainspring.devserver import EmbeddedTemporal
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database, Session
from mainspring.storage.migrate import upgrade
from mainspring.storage.tables import TaskRow
from mainspring.workflows.runtime.job import Job
from mainspring.workflows.runtime.queue import consume_queue
from tests.pooled import NoteNumber, NumberNoted
from tests.postgres import postgres_server

PAGE, PARALLEL = 100, 4
MILLISECONDS = 5
THEIRS = Path(__file__).with_name("bullmq")

# A share of BullMQ's rate that we want to have.
WANTED = {MILLISECONDS: 1.0, 0: 0.5}


@dataclass(frozen=True)
class Figures:
    """What some jobs took: seconds from the first start to the last end, and CPU seconds of the process."""

    jobs: int
    seconds: float
    cpu: float

    @property
    def rate(self) -> float:
        """Jobs a second."""
        return self.jobs / self.seconds

    def __str__(self) -> str:
        """Return them as a part of a line."""
        return f"{self.rate:>7.0f}/s, {1000 * self.cpu / self.jobs:.3f} ms CPU a job"


class Notes:
    """The work of both jobs."""

    def __init__(self, queues: BatchedQueues) -> None:
        self._queues = queues

    @activity.defn(name="benchmarks.wait_a_little")
    async def wait_a_little(self, request: WorkQueue) -> QueueWorked:
        """Work tasks side by side, each of which waits."""
        return await self._queues.work_each(request, NoteNumber, self._wait)

    @activity.defn(name="benchmarks.do_nothing")
    async def do_nothing(self, request: WorkQueue) -> QueueWorked:
        """Work pages of tasks."""
        return await self._queues.work_batches(request, NoteNumber, self._note)

    async def _wait(self, task: QueueTask[NoteNumber]) -> NumberNoted:
        await asyncio.sleep(MILLISECONDS / 1000)
        return NumberNoted(number=task.input.number)

    async def _note(self, tasks: Sequence[QueueTask[NoteNumber]]) -> Mapping[UUID, Result]:
        return {task.id: NumberNoted(number=task.input.number) for task in tasks}


@workflow.defn(name="drain-wait-a-little", sandboxed=False)
class WaitALittleConsumer:
    """Consumes the queue of jobs that wait."""

    @workflow.run
    async def run(self, request: ConsumeQueue) -> QueueConsumed:
        """Work the queue until it is empty."""
        return await consume_queue("wait-a-little", Notes.wait_a_little, request)


@workflow.defn(name="drain-do-nothing", sandboxed=False)
class DoNothingConsumer:
    """Consumes the queue of jobs that do nothing."""

    @workflow.run
    async def run(self, request: ConsumeQueue) -> QueueConsumed:
        """Work the queue until it is empty."""
        return await consume_queue("do-nothing", Notes.do_nothing, request)


QUEUE = BatchedQueue(page=PAGE, parallel=PARALLEL)
WAIT = Job(
    name="wait-a-little",
    run=WaitALittleConsumer.run,
    input=NoteNumber,
    result=NumberNoted,
    queue=QUEUE,
    summary="Wait 5 ms.",
)
NOTHING = Job(
    name="do-nothing",
    run=DoNothingConsumer.run,
    input=NoteNumber,
    result=NumberNoted,
    queue=QUEUE,
    summary="Do nothing.",
)
JOBS = {MILLISECONDS: WAIT, 0: NOTHING}


@dataclass(frozen=True)
class Ours:
    """A worker on one database."""

    database: Database
    jobs: Jobs

    async def measure(self, milliseconds: int, count: int) -> Figures:
        """Start so many tasks and wait until all have ended."""
        job = JOBS[milliseconds]
        before = await self._done(job.name)
        cpu, begun = time.process_time(), time.monotonic()
        await self.jobs.start_many(job, [NoteNumber(number=n) for n in range(count)])
        while await self._done(job.name) < before + count:
            await asyncio.sleep(0.05)
        return Figures(count, time.monotonic() - begun, time.process_time() - cpu)

    async def _done(self, job: str) -> int:
        done = select(func.count()).where(TaskRow.job == job, TaskRow.state == TaskState.SUCCESS)

        async def look(session: Session) -> int:
            return await session.scalar(done) or 0

        return await self.database.read(look)


@asynccontextmanager
async def ours(client: Client, url: str, task_queue: str) -> AsyncIterator[Ours]:
    """Run a worker of both jobs, which is the client as well."""
    database, clock = Database(url), SystemClock()
    sizes = QueueSizes({job.name: QUEUE for job in JOBS.values()})
    notes = Notes(BatchedQueues(database, clock, sizes, Suspects(database)))
    try:
        await upgrade(database)
        async with Worker(
            client,
            task_queue=task_queue,
            workflows=[WaitALittleConsumer, DoNothingConsumer],
            activities=[
                notes.wait_a_little,
                notes.do_nothing,
                QueueActivities(database, clock, sizes).measure,
            ],
            interceptors=[ActivityCare(database, clock)],
        ):
            yield Ours(database, Jobs(database, TemporalGateway(client, task_queue), clock))
    finally:
        await database.dispose()


@contextmanager
def redis(server: str, folder: Path) -> Iterator[int]:
    """Run a Redis server; give its port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    durable = ("--appendonly", "yes", "--appendfsync", "everysec", "--save", "")
    command = [server, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), *durable]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + 30
            while True:
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    if process.poll() is not None or time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)
            yield port
        finally:
            process.terminate()


async def theirs(folder: Path, port: int, milliseconds: int, count: int) -> Figures:
    """Have BullMQ do so many."""
    arguments = map(str, (port, count, PAGE * PARALLEL, milliseconds))
    process = await asyncio.create_subprocess_exec(
        "node", "work.mjs", *arguments, cwd=folder, stdout=subprocess.PIPE
    )
    out, _ = await process.communicate()
    if process.returncode:
        raise RuntimeError(f"BullMQ's process ended with {process.returncode}")
    told = json.loads(out)
    return Figures(count, told["seconds"], told["cpu"])


async def run(server: str, count: int, rounds: int) -> None:
    """Measure all in turn, so often, and print the best of each."""
    configure_logs(Settings(log_level="warning"))
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shutil.copytree(THEIRS, folder / "bullmq")
        npm = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--no-package-lock"]
        subprocess.run(npm, cwd=folder / "bullmq", check=True)
        port = stack.enter_context(redis(server, folder))
        postgres = stack.enter_context(postgres_server(upgrade))
        temporal = await stack.enter_async_context(EmbeddedTemporal(folder, port=0, ui_port=0))
        client = await connect_embedded(temporal.address)
        urls = {
            "PostgreSQL": postgres.url(await postgres.create()),
            "SQLite": f"sqlite+aiosqlite:///{folder / 'ledger.db'}",
        }
        lanes = {name: await stack.enter_async_context(ours(client, url, name)) for name, url in urls.items()}
        for milliseconds in JOBS:
            best = dict[str, Figures]()
            for _ in range(rounds):
                now = {"BullMQ": await theirs(folder / "bullmq", port, milliseconds, count)}
                # One consumer of a name works on one database at a time.
                for name, lane in lanes.items():
                    now[name] = await lane.measure(milliseconds, count)
                    await asyncio.sleep(2)
                best |= {
                    name: max(best.get(name, each), each, key=lambda f: f.rate) for name, each in now.items()
                }
            print(f"{count} jobs of {milliseconds} ms, {PAGE * PARALLEL} at once, best of {rounds}:")
            for name, figures in best.items():
                share = figures.rate / best["BullMQ"].rate
                print(f"  {name:<11}{figures}, {share:.2f} of BullMQ ({WANTED[milliseconds]:g} wanted)")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.beside_bullmq", description=__doc__)
    parser.add_argument("--redis-server", default="redis-server", help="the program to run")
    parser.add_argument("--count", type=int, default=10_000, help="jobs in each measurement")
    parser.add_argument("--rounds", type=int, default=3, help="measurements of each")
    chosen = parser.parse_args()
    asyncio.run(run(chosen.redis_server, chosen.count, chosen.rounds))
    sys.stdout.flush()
    os._exit(0)  # with a Temporal client alive, Python's own way out may hang


if __name__ == "__main__":
    main()
