"""A Temporal that takes connections and never answers: what was committed is safe, and nobody waits."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from temporalio.client import Client

from mainspring.activities.runtime.dispatch import wake_queued
from mainspring.activities.runtime.patience import UNTIL_CONNECTED, leave
from mainspring.client.accounts import Accounts
from mainspring.client.card_keys import CardKeys
from mainspring.client.jobs import Jobs
from mainspring.client.service import open_service
from mainspring.client.tasks.status_text import note
from mainspring.config.secrets import secret_box
from mainspring.config.settings import Settings
from mainspring.contracts.cards import DiscoverSets, UpdateInventoryPrices
from mainspring.contracts.tasks import Task, TaskFilter, TaskState
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.temporal import RPC_TIMEOUT, TemporalGateway
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import TaskIntake, TaskQueries, TaskWriter
from mainspring.workflows.cards import DISCOVER_SETS, UPDATE_INVENTORY_PRICES
from tests.ledger_writes import accepted, begin, wait_for_quota
from tests.pooled import NOTE_NUMBER, NoteNumber
from tests.service import Service, is_waiting

T = TypeVar("T")


class StopWatch:
    """The gateway's clock, which the test moves."""

    seconds = 0.0

    def __call__(self) -> float:
        """Return what it shows."""
        return self.seconds


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """Give the address of a server that takes everything and says nothing."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            pass
        writer.close()

    server = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()


@pytest.fixture
def watch() -> StopWatch:
    """Give a clock."""
    return StopWatch()


@pytest.fixture
async def silent(address: str, watch: StopWatch) -> AsyncIterator[TemporalGateway]:
    """Give a gateway to it, whose calls are over at the end."""
    gateway = TemporalGateway(await Client.connect(address, lazy=True), "nobody", clock=watch)
    yield gateway
    watch.seconds += UNTIL_CONNECTED.total_seconds()
    await leave(gateway)


async def let_go(work: Awaitable[T], silent: TemporalGateway, watch: StopWatch) -> T:
    """Return what `work` gives after 50 ms of silence, while its calls are still open."""
    working = asyncio.ensure_future(work)
    while not silent.silence:
        watch.seconds += 0.001
        await asyncio.sleep(0.001)
    watch.seconds += 0.05
    given = await working
    assert silent.silence >= timedelta(milliseconds=50)
    return given


async def test_a_caller_does_not_wait_for_an_engine_that_does_not_answer(
    database: Database, silent: TemporalGateway, watch: StopWatch
) -> None:
    """Neither one start, nor forty, nor a batched task: their rows are committed."""
    jobs = Jobs(database, silent, SystemClock())
    wake_queued(database, silent, SystemClock())

    await let_go(jobs.start(DISCOVER_SETS, DiscoverSets(account_id=uuid4())), silent, watch)
    many = [DiscoverSets(account_id=uuid4()) for _ in range(40)]
    await let_go(jobs.start_many(DISCOVER_SETS, many), silent, watch)
    await let_go(jobs.start(NOTE_NUMBER, NoteNumber(number=1)), silent, watch)

    tasks = await jobs.tasks.find(TaskFilter(job="discover-sets"), limit=50)
    assert 41 == len(tasks)
    assert {(TaskState.QUEUED, None)} == {(task.state, task.run_id) for task in tasks}


async def test_a_wish_to_cancel_is_noted(
    database: Database, silent: TemporalGateway, watch: StopWatch
) -> None:
    """The relay passes it on, and the task says that it is cancelling."""
    jobs = Jobs(database, silent, SystemClock())
    started = await let_go(jobs.start(DISCOVER_SETS, DiscoverSets(account_id=uuid4())), silent, watch)

    async def note_run(session: Session) -> None:
        await TaskIntake(session).record_runs({started.id: str(uuid4())})

    await database.transact(note_run)

    told = await let_go(jobs.ask_to_cancel(started.id), silent, watch)

    task = await jobs.tasks.get(started.id)
    assert (False, TaskState.QUEUED, "cancelling") == (told, task.state, note(task))


async def test_leaving_the_service_gives_up_what_is_not_answered(address: str, tmp_path: Path) -> None:
    """The relay does the rest."""
    client = await Client.connect(address, lazy=True)
    async with open_service(Settings(state_dir=tmp_path), client, create=True) as service:
        # To make the database takes its time.
        began = time.monotonic()
        await service.jobs.start(DISCOVER_SETS, DiscoverSets(account_id=uuid4()))
    assert time.monotonic() - began < RPC_TIMEOUT.total_seconds()


class Door:
    """What stands before Temporal, and lets nothing through any more once it is shut."""

    def __init__(self, address: str) -> None:
        self._host, _, port = address.rpartition(":")
        self._port = int(port)
        self.is_shut = False

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Pass a connection on."""
        there_reader, there_writer = await asyncio.open_connection(self._host, self._port)
        await asyncio.gather(self._pass(reader, there_writer), self._pass(there_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                if not self.is_shut:
                    writer.write(data)
        writer.close()


async def test_leaving_waits_for_a_temporal_that_has_answered_no_longer_than_it_answers(
    database: Database, temporal_address: str, temporal_client: Client, watch: StopWatch
) -> None:
    """Once it is silent the call is given up as soon as a start is."""
    door = Door(temporal_address)
    server = await asyncio.start_server(door, "127.0.0.1", 0)
    address = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    client = await Client.connect(address, namespace=temporal_client.namespace, lazy=True)
    gateway = TemporalGateway(client, "nobody", clock=watch)
    jobs = Jobs(database, gateway, SystemClock())
    before = gateway.answered_within

    await jobs.start(DISCOVER_SETS, DiscoverSets(account_id=uuid4()))
    door.is_shut = True
    await let_go(jobs.start(DISCOVER_SETS, DiscoverSets(account_id=uuid4())), gateway, watch)
    async with asyncio.timeout(RPC_TIMEOUT.total_seconds() / 2):  # given up, and not timed out
        await leave(gateway)

    assert (None, timedelta()) == (before, gateway.answered_within)
    assert timedelta() == gateway.silence
    server.close()


async def test_a_task_that_waits_is_told_of_a_new_plan_by_the_relay(
    service: Service, silent: TemporalGateway, watch: StopWatch
) -> None:
    """Nobody waits for a Temporal that does not answer, and the task goes on once it does."""
    held = service.justtcg.variant_ids[:60]
    account = await service.add_account(plan="Free Tier", inventory=held, day=2, month=9)
    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account))
    await service.until(started.id, is_waiting)
    service.justtcg.add_key("key-of-shop", "Starter")
    box = secret_box(service.settings)
    keys = CardKeys(service.database, box, None)
    accounts = Accounts(service.database, silent, box, service.clock, keys)

    told = await let_go(accounts.change_plan("shop", "Starter", 1), silent, watch)
    noted = await service.tasks.get(started.id)
    await service.relay()
    task = await service.wait(started.id)

    assert (1, TaskState.WAITING, None) == (told, noted.state, noted.resumes_at)
    assert "going on" in note(noted)
    assert (TaskState.SUCCESS, 60) == (task.state, task.processed)


async def test_a_task_that_is_about_to_wait_is_let_go_on_too(database: Database) -> None:
    """The wait that it begins is over for the relay; the next one is a wait again."""
    task_id = await accepted(database)
    await begin(database, task_id)

    async def let_go_on(session: Session) -> list[Task]:
        await TaskWriter(session).let_go_on([task_id], now=datetime.now(UTC))
        return await TaskQueries(session).let_go_on(limit=10)

    async def found(session: Session) -> list[Task]:
        return await TaskQueries(session).let_go_on(limit=10)

    running = await database.transact(let_go_on)
    for _ in range(2):  # the activity that marks it may be tried again
        await wait_for_quota(database, task_id)
    waiting = await database.read(found)
    await database.transact(lambda session: TaskWriter(session).mark_running(task_id, now=datetime.now(UTC)))
    await wait_for_quota(database, task_id)
    again = await database.read(found)

    assert ([], [task_id], []) == (running, [each.id for each in waiting], again)
