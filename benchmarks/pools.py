"""What a pool saves: pooled tasks against a workflow with one activity each, on one server in one run.

`python -m benchmarks.pools` prints tasks a second, history events, and the CPU seconds of the Temporal server
and of this process, which is worker, client and (for the webhooks) in a process beside it the receiver.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import UUID

from sqlalchemy import delete, func, select
from temporalio import activity, workflow
from temporalio.worker import Worker

from mainspring.activities.queues import QueueActivities
from mainspring.activities.runtime.interceptor import ActivityCare
from mainspring.activities.runtime.isolation import Suspects
from mainspring.activities.runtime.queue import BatchedQueues, QueueSizes
from mainspring.activities.tasks import TaskActivities
from mainspring.client.jobs import Jobs
from mainspring.client.webhooks import WebhookSubscriptions
from mainspring.config.connect import connect_embedded
from mainspring.config.gateways import open_gateways
from mainspring.config.secrets import encryption_key
from mainspring.config.settings import Settings
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.webhooks import DeliverWebhook
from mainspring.devserver import EmbeddedTemporal
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Database, Session
from mainspring.storage.migrate import upgrade
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import TaskRow
from mainspring.worker import build_worker
from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.job import AnyJob, Job
from mainspring.workflows.runtime.tracking import tracked
from mainspring.workflows.webhooks import DELIVER
from tests.deliveries import made_up_delivery
from tests.pooled import NAME, NOTE_NUMBER, NoteActivities, NoteNumber, NoteNumberConsumer, NumberNoted

RECEIVERS = 20


@activity.defn(name="benchmarks.note")
async def note(request: NoteNumber) -> NumberNoted:
    """Do nothing."""
    return NumberNoted(number=request.number)


@workflow.defn(name="note-alone", sandboxed=False)
class NoteAlone:
    """A workflow with one activity."""

    @workflow.run
    @tracked
    async def run(self, request: NoteNumber) -> NumberNoted:
        """Note one number."""
        return await workflow.execute_activity(note, request, **options.BATCH)


NOTE_ALONE = Job(
    name="note-alone", run=NoteAlone.run, input=NoteNumber, result=NumberNoted, summary="Note a number."
)


@dataclass(frozen=True)
class Measured:
    """One lane's figures; CPU in seconds."""

    lane: str
    tasks: int
    seconds: float
    events: int
    server_cpu: float
    worker_cpu: float

    @property
    def rate(self) -> float:
        """Tasks a second, from the first start to the last final state."""
        return self.tasks / self.seconds

    def __str__(self) -> str:
        """Return a line of the table."""
        return (
            f"{self.lane:<22}{self.tasks:>7}{self.seconds:>9.1f}{self.rate:>10.0f}{self.events:>9}"
            f"{self.server_cpu:>9.1f}{self.worker_cpu:>9.1f}{1000 * self.server_cpu / self.tasks:>11.2f}"
            f"{1000 * self.worker_cpu / self.tasks:>11.2f}"
        )


HEAD = (
    f"{'lane':<22}{'tasks':>7}{'seconds':>9}{'tasks/s':>10}{'events':>9}{'server':>9}{'worker':>9}"
    f"{'ms/task':>11}{'ms/task':>11}"
)


@dataclass(frozen=True)
class Bench:
    """One server and one database."""

    temporal: EmbeddedTemporal
    gate: TemporalGateway
    database: Database
    jobs: Jobs

    async def measure(
        self, lane: str, job: AnyJob, given: list[NoteNumber] | list[DeliverWebhook]
    ) -> Measured:
        """Start a task for each input and wait until all are final."""
        server, own, begun = cpu_of(self.temporal.server_pid), time.process_time(), time.monotonic()
        started = await self.jobs.start_many(job, given)
        await self._final(job.name, len(given))
        seconds = time.monotonic() - begun
        figures = cpu_of(self.temporal.server_pid) - server, time.process_time() - own
        states = await self._states(job.name)
        assert states == {TaskState.SUCCESS: len(given)}, states
        await asyncio.sleep(1)  # the consumer comes to its end
        events = await self._events(job, [each.id for each in started])
        return Measured(lane, len(given), seconds, events, *figures)

    async def forget(self) -> None:
        """Remove every task."""
        await self.database.transact(lambda session: session.execute(delete(TaskRow)))

    async def _events(self, job: AnyJob, task_ids: list[UUID]) -> int:
        if job.queue is not None:
            return await self.gate.history_length(f"drain-{job.name}")
        task = await self.jobs.tasks.get(task_ids[0])
        return len(task_ids) * await self.gate.history_length(task.workflow_id, task.run_id)

    async def _final(self, job: str, count: int) -> None:
        while (await self._states(job)).get(TaskState.SUCCESS, 0) < count:
            await asyncio.sleep(0.2)

    async def _states(self, job: str) -> dict[str, int]:
        async def look(session: Session) -> dict[str, int]:
            query = select(TaskRow.state, func.count()).where(TaskRow.job == job).group_by(TaskRow.state)
            return {state: number for state, number in await session.execute(query)}  # noqa: C416  # rows

        return await self.database.read(look)


@dataclass(frozen=True)
class Benches:
    """The queue of the lanes that are compared, and that of the catalogue, on one server and one database."""

    lanes: Bench
    catalogue: Bench
    settings: Settings


def cpu_of(pid: int) -> float:
    """Return the CPU seconds that a process has used (Linux)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@asynccontextmanager
async def bench(folder: Path) -> AsyncIterator["Benches"]:
    """Run a server, a database and a worker that knows both lanes and the whole catalogue."""
    settings = Settings(state_dir=folder, webhooks_allow_private=True, log_level="warning")
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        temporal = await stack.enter_async_context(EmbeddedTemporal(folder, port=0, ui_port=0))
        client = await connect_embedded(temporal.address)
        database = Database(settings.resolved_database_url)
        stack.push_async_callback(database.dispose)
        await upgrade(database)
        gate = TemporalGateway(client, settings.task_queue)
        jobs = Jobs(database, gate, clock)
        gateways = await stack.enter_async_context(open_gateways(settings))
        await stack.enter_async_context(build_worker(settings, client, database, gateways, clock))
        # The lanes compared have a queue of their own, with the same worker settings.
        lanes = TemporalGateway(client, "lanes")
        assert NOTE_NUMBER.queue is not None
        sizes = QueueSizes({NAME: NOTE_NUMBER.queue})
        tasks, queues = TaskActivities(database, lanes, clock, sizes), QueueActivities(database, clock, sizes)
        await stack.enter_async_context(
            Worker(
                client,
                task_queue="lanes",
                workflows=[NoteNumberConsumer, NoteAlone],
                activities=[
                    NoteActivities(BatchedQueues(database, clock, sizes, Suspects(database))).note,
                    queues.measure,
                    note,
                    tasks.begin,
                    tasks.finish,
                ],
                interceptors=[ActivityCare(database, clock)],
                max_concurrent_activities=settings.activity_slots,
                max_heartbeat_throttle_interval=timedelta(seconds=5),
            )
        )
        yield Benches(
            lanes=Bench(temporal, lanes, database, Jobs(database, lanes, clock)),
            catalogue=Bench(temporal, gate, database, jobs),
            settings=settings,
        )


@contextmanager
def receivers() -> Iterator[str]:
    """Run the emulator's receivers in a process of their own; give their address."""
    command = [sys.executable, "-m", "mainspring.emulators.webhooks"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


async def deliveries(benches: Benches, address: str, count: int) -> list[DeliverWebhook]:
    """Subscribe the receivers, and return so many deliveries to them in turn."""
    box = SecretBox(encryption_key(benches.settings))
    subscriptions = WebhookSubscriptions(benches.catalogue.database, box, SystemClock(), allow_private=True)
    added = [await subscriptions.add(f"{address}/hooks/{n}", fairness_key="none") for n in range(RECEIVERS)]
    return [made_up_delivery(added[n % RECEIVERS].subscription.id, n) for n in range(count)]


async def run(pooled: int, alone: int) -> None:
    """Measure the three lanes one after the other."""
    with tempfile.TemporaryDirectory() as folder, receivers() as address:
        async with bench(Path(folder)) as benches:
            lanes = benches.lanes
            await lanes.measure("warm-up", NOTE_ALONE, [NoteNumber(number=0)])
            await lanes.forget()
            numbers = [NoteNumber(number=n) for n in range(pooled)]
            told = await deliveries(benches, address, pooled)
            print(HEAD)
            workflows = await lanes.measure("a workflow each", NOTE_ALONE, numbers[:alone])
            print(workflows)
            pool = await lanes.measure("pool", NOTE_NUMBER, numbers)
            print(pool)
            hooks = await benches.catalogue.measure("pool, webhooks", DELIVER, told)
            print(hooks)
        with urllib.request.urlopen(f"{address}/_sandbox/state", timeout=10) as answer:
            state = json.load(answer).values()
        accepted, repeated = (sum(each[name] for each in state) for name in ("accepted", "repeated"))
        print(f"receivers: {accepted} deliveries accepted, {repeated} of them repeated")
        print(f"pool: {pool.rate / workflows.rate:.0f} times the throughput of a workflow each (20 wanted)")
        print(f"webhooks: {hooks.rate / workflows.rate:.1f} times (6 wanted)")


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pools", description=__doc__)
    parser.add_argument("--pooled", type=int, default=10_000, help="pooled tasks, and as many webhooks")
    parser.add_argument("--alone", type=int, default=300, help="tasks with a workflow each")
    chosen = parser.parse_args()
    asyncio.run(run(chosen.pooled, chosen.alone))
    sys.stdout.flush()
    os._exit(0)  # with a Temporal client alive, Python's own way out may hang


if __name__ == "__main__":
    main()
