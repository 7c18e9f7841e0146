"""The composition root: settings become a database, gateways and activities, and these a Temporal worker.

`python worker.py` runs the worker alone. Nobody imports this but the command line's entry point.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from importlib.metadata import version
from types import TracebackType
from typing import Any, Self

import structlog
from temporalio.client import Client
from temporalio.worker import Worker

from mainspring.activities.reconcile import RecordedJobs
from mainspring.activities.runtime.assembly import build_activities
from mainspring.activities.runtime.dispatch import wake_queued
from mainspring.activities.runtime.effects import SenderSettings
from mainspring.activities.runtime.held_loop import watched_loop
from mainspring.activities.runtime.interceptor import ActivityCare
from mainspring.activities.runtime.isolation import Isolation, NoProcess, Registered, Suspects
from mainspring.activities.runtime.isolation.child import die_with_parent, fork_nursery, serve_forks
from mainspring.activities.runtime.queue import QueueSizes
from mainspring.client.schedules import Schedules
from mainspring.config.gateways import Gateways, open_gateways
from mainspring.config.logs import configure_logs
from mainspring.config.order import Order
from mainspring.config.secrets import link_keys, secret_box
from mainspring.config.settings import Settings
from mainspring.config.signals import stop_on_signals
from mainspring.config.waiting import connected, until_there
from mainspring.contracts.effects import OnUnknown
from mainspring.domain.queues import Role, consumer_of, queue_of
from mainspring.gateways.clock import Clock, SystemClock
from mainspring.gateways.errors import GatewayError
from mainspring.gateways.frames import Ended, receive, send
from mainspring.gateways.private_files import UMASK
from mainspring.gateways.smtp import Mailbox
from mainspring.gateways.temporal import TemporalGateway
from mainspring.gateways.temporal.calls import translated
from mainspring.gateways.temporal.identity import worker_identity
from mainspring.storage.commits import after_commits
from mainspring.storage.database import Database
from mainspring.storage.errors import DatabaseAway
from mainspring.storage.ledger_id import ledger_id
from mainspring.storage.migrate import upgrade
from mainspring.storage.secrets import SecretBox
from mainspring.workflows.runtime.catalogue import JOBS, workflow_classes
from mainspring.workflows.runtime.sandbox import workflow_runner

log = structlog.get_logger(__name__)

# A heartbeat reaches the server at most this late, so that a dead worker is noticed in about 10 s.
HEARTBEAT_THROTTLE = timedelta(seconds=5)

# How long a worker that died keeps the workflows it had in its cache from the others.
STICKY_TIMEOUT = timedelta(seconds=2)

# What is under way when the worker is told to stop gets this long to come to its end.
GRACEFUL_SHUTDOWN = timedelta(seconds=10)

# What a raw start with bad input raises before the job's own code runs: pydantic's ValidationError, or
# TypeError for a wrong number of arguments. It fails the workflow at once; a failed workflow task would be
# tried again for ever.
BAD_INPUT = (ValueError, TypeError)

# Windows has no forks, and hands no sockets on: no task is tried alone there.
CAN_ISOLATE = sys.platform != "win32"

# How a process is started that tries suspected tasks; the number of its socket follows.
ISOLATED = (sys.executable, "-m", "mainspring.worker", "isolated")


class Workers:
    """Temporal workers that run and end as one: one for a task queue. The first one works the workflows."""

    def __init__(self, *workers: Worker, threads: ThreadPoolExecutor) -> None:
        self.all = workers
        self.threads = threads
        self._running = AsyncExitStack()

    async def __aenter__(self) -> Self:
        self._running.enter_context(watched_loop())
        for worker in self.all:
            await self._running.enter_async_context(worker)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        # All at once: each gives what is under way its time to end.
        await asyncio.gather(*(worker.shutdown() for worker in self.all))
        self.threads.shutdown(wait=False)
        return await self._running.__aexit__(kind, error, trace)


def build_worker(
    settings: Settings,
    client: Client,
    database: Database,
    gateways: Gateways,
    clock: Clock,
    suspects: Suspects | None = None,
    identity: str | None = None,
) -> Workers:
    """Return a worker that knows every job of the catalogue, with slots of their own for the roles.

    Without `suspects` no task is suspected of having killed its worker. `identity` is the SDK's own, if it is
    not given.
    """
    suspects = suspects or Suspects(database)
    activities = build_activities(_tools(settings, client, database, gateways, clock, suspects))
    # Activities that are a plain `def` run here. A thread is made when it is first needed.
    slots = {Role.TRANSFERS: settings.media_transfers, Role.ENCODING: settings.media_parallel}
    threads = ThreadPoolExecutor(max(settings.activity_slots, *slots.values()), "activity")
    shared: dict[str, Any] = {
        # Shown in the Web UI. The SDK's own hashes every loaded module: a quarter of a second at the start.
        "build_id": f"mainspring-{version('mainspring')}",
        "activity_executor": threads,
        "interceptors": [ActivityCare(database, clock, suspects)],
        "max_heartbeat_throttle_interval": HEARTBEAT_THROTTLE,
        "graceful_shutdown_timeout": GRACEFUL_SHUTDOWN,
    }
    general = Worker(
        client,
        task_queue=settings.task_queue,
        workflows=workflow_classes(),
        activities=activities,
        workflow_runner=workflow_runner(),
        workflow_failure_exception_types=BAD_INPUT,
        max_concurrent_workflow_tasks=settings.workflow_slots,
        max_concurrent_activities=settings.activity_slots,
        sticky_queue_schedule_to_start_timeout=STICKY_TIMEOUT,
        identity=identity,
        **shared,
    )
    roles = [
        Worker(
            client,
            task_queue=queue_of(settings.task_queue, role),
            activities=activities,
            max_concurrent_activities=most,
            **shared,
        )
        for role, most in slots.items()
    ]
    return Workers(general, *roles, threads=threads)


def _tools(
    settings: Settings,
    client: Client,
    database: Database,
    gateways: Gateways,
    clock: Clock,
    suspects: Suspects,
) -> dict[Any, object]:
    temporal = TemporalGateway(client, settings.task_queue)
    wake_queued(database, temporal, clock)
    sizes = QueueSizes({job.name: job.queue for job in JOBS if job.queue is not None})
    return gateways | {
        Clock: clock,
        Database: database,
        TemporalGateway: temporal,
        SenderSettings: SenderSettings(
            sender=Mailbox.parse(settings.mail_from),
            public_url=settings.public_url,
            token_key=link_keys(settings)[0],
            on_unknown=OnUnknown(settings.mail_on_unknown),
        ),
        QueueSizes: sizes,
        RecordedJobs: RecordedJobs(frozenset(job.name for job in JOBS if not job.is_internal)),
        SecretBox: secret_box(settings),
        Suspects: suspects,
    }


def nursery() -> socket.socket | None:
    """Begin the process whose forks try suspected tasks; to be called before anything has begun a thread."""
    return fork_nursery(isolated) if CAN_ISOLATE else None


async def serve(
    settings: Settings, client: Client, stop: asyncio.Event, nursery: socket.socket | None = None
) -> None:
    """Bring the database and the schedules up to date, then work until `stop` is set.

    What is away is waited for. `nursery` leads to what the function of that name has begun.
    """
    async with AsyncExitStack() as stack:
        settings.make_state_dir()
        database = Database(settings.resolved_database_url)
        stack.push_async_callback(database.dispose)
        stack.push_async_callback(after_commits)
        if not await until_there("the database", lambda: upgrade(database), stop):
            return
        gateways = await stack.enter_async_context(open_gateways(settings))
        registered = Registered(database, SystemClock())
        if not await until_there("the database", lambda: stack.enter_async_context(registered), stop):
            return
        isolation = await stack.enter_async_context(Isolation(ISOLATED, Order.of(settings, client), nursery))
        expecting = asyncio.create_task(_expect_suspects(registered, isolation))
        stack.callback(expecting.cancel)
        suspects = Suspects(
            database,
            isolation=isolation if CAN_ISOLATE else None,
            registered=registered,
            most_deaths=settings.worker_deaths,
        )
        identity = worker_identity(await database.read(ledger_id))
        worker = build_worker(settings, client, database, gateways, SystemClock(), suspects, identity)
        # Before it works itself: what it begins is not in doubt.
        await _tell_consumers(TemporalGateway(client, settings.task_queue))
        await stack.enter_async_context(worker)
        # It may take a while, and what was accepted need not wait for it.
        if await until_there("Temporal", lambda: _sync_schedules(settings, client), stop):
            log.info("worker ready", task_queue=settings.task_queue, jobs=len(JOBS))
        await stop.wait()
        log.info("worker stopping")
        await registered.leave()


async def _sync_schedules(settings: Settings, client: Client) -> None:
    async with translated(limit=None):
        await Schedules(client, settings).sync()


@asynccontextmanager
async def isolated(order: Order) -> AsyncIterator[tuple[Sequence[Callable[..., Any]], ActivityCare]]:
    """Give what a worker's activities need in a process that tries suspected tasks."""
    os.umask(UMASK)
    configure_logs(order.settings)
    async with AsyncExitStack() as stack:
        database = Database(order.settings.resolved_database_url)
        stack.push_async_callback(database.dispose)
        gateways = await stack.enter_async_context(open_gateways(order.settings))
        clock, suspects = SystemClock(), Suspects(database)
        tools = _tools(order.settings, await order.client(lazy=True), database, gateways, clock, suspects)
        yield build_activities(tools), ActivityCare(database, clock, suspects)


async def _expect_suspects(registered: Registered, isolation: Isolation) -> None:
    """Have processes at hand when a worker has died: its tasks come 10 s after its last heartbeat."""
    try:
        if CAN_ISOLATE and await registered.another_seems_dead():
            await isolation.warm_up()
    except (DatabaseAway, NoProcess) as error:  # they are started when they are needed
        log.warning("no process for suspected tasks is at hand", error=str(error))


async def _tell_consumers(temporal: TemporalGateway) -> None:
    """Tell the consumers that run of this worker: what they wait for may have died with the one before it."""

    async def tell(job: str) -> None:
        try:
            await temporal.tell_worker_started(consumer_of(job))
        except GatewayError as error:  # a heartbeat that stays away tells the same, 10 s after the death
            log.warning("consumer is not told of this worker", job=job, error=str(error))

    await asyncio.gather(*(tell(job.name) for job in JOBS if job.queue is not None))


async def serve_for(descriptor: int, nursery: socket.socket | None) -> None:
    """Serve as the process at the other end of a socket orders, until it says stop or is gone."""
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=descriptor))
    order, stop = await receive(reader), asyncio.Event()

    async def heed() -> None:
        if await receive(reader) is None:
            os._exit(1)  # nobody is there whom this process works for
        stop.set()

    heeding = asyncio.create_task(heed())
    configure_logs(order.settings)
    try:
        await serve(order.settings, await order.client(lazy=False), stop, nursery)
    except Exception as error:  # noqa: BLE001  # that process tells of it
        send(writer, Ended.by(error))
    else:
        send(writer, Ended())
    await writer.drain()
    heeding.cancel()


async def main(nursery: socket.socket | None) -> None:
    """Serve until SIGINT or SIGTERM."""
    os.umask(UMASK)
    settings = Settings.load()
    configure_logs(settings)
    stop = stop_on_signals()
    client = await connected(settings, stop)
    if client is not None:
        await serve(settings, client, stop, nursery)


if __name__ == "__main__":
    # The number is that of a socket to the process which has started this one.
    match sys.argv[1:]:
        case ["serve", descriptor]:
            die_with_parent()
            asyncio.run(serve_for(int(descriptor), nursery()))
            os._exit(0)  # with a Temporal client alive, Python's own way out may abort or hang
        case ["isolated", descriptor]:
            serve_forks(int(descriptor), isolated)
        case _:
            asyncio.run(main(nursery()))
            sys.stdout.flush()
            os._exit(0)  # as above
