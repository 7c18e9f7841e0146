"""A Temporal that takes connections and never answers: what was committed is safe, and nobody waits."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from datetime import timedelta
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import pytest
from temporalio.client import Client

from mainspring.activities.runtime.dispatch import wake_queued
from mainspring.activities.runtime.patience import UNTIL_GIVEN_UP, leave
from mainspring.client.jobs import Jobs
from mainspring.client.service import open_service
from mainspring.client.tasks.status_text import note
from mainspring.config.settings import Settings
from mainspring.contracts.cards import DiscoverSets
from mainspring.contracts.tasks import TaskFilter, TaskState
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.temporal import RPC_TIMEOUT, TemporalGateway
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import TaskIntake
from mainspring.workflows.cards import DISCOVER_SETS
from tests.pooled import NOTE_NUMBER, NoteNumber

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
    watch.seconds += UNTIL_GIVEN_UP.total_seconds()
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
