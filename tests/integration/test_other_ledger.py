"""A client whose ledger is not the one of the Temporal that it talks to, from Python and for schedules."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import update

from mainspring.client.errors import BadInput, OtherLedger
from mainspring.client.other_ledger import LedgerCheck
from mainspring.client.schedules import Schedules
from mainspring.client.service import service_of
from mainspring.config.settings import Settings
from mainspring.contracts.cards import DiscoverSets
from mainspring.gateways.temporal.identity import worker_identity
from mainspring.storage.database import Database
from mainspring.storage.ledger_id import ledger_id
from mainspring.storage.tables.ledger import LedgerRow
from mainspring.testing.eventually import eventually
from mainspring.testing.sqlite_template import SqliteTemplate
from mainspring.worker import build_worker
from mainspring.workflows.cards import DISCOVER_SETS
from tests.service import Service


@pytest.fixture
async def elsewhere(sqlite_template: SqliteTemplate, tmp_path: Path) -> Settings:
    """Give settings with another ledger, as another installation has one."""
    settings = Settings(state_dir=tmp_path / "elsewhere")
    settings.make_state_dir()
    await sqlite_template.copy(settings.database_file)
    database = Database(settings.resolved_database_url)
    await database.transact(lambda session: session.execute(update(LedgerRow).values(id=uuid4())))
    await database.dispose()
    return settings


@asynccontextmanager
async def worker_of(service: Service) -> AsyncIterator[None]:
    """Run a worker that says for which ledger it works, as the shipped one does."""
    identity = worker_identity(await service.database.read(ledger_id))
    async with build_worker(
        service.settings,
        service.temporal_client,
        service.database,
        service.gateways,
        service.clock,
        identity=identity,
    ):
        await eventually(service.temporal.workers, bool)
        yield


@pytest.fixture
async def service(workerless: Service) -> AsyncIterator[Service]:
    """Give a service with such a worker."""
    async with worker_of(workerless):
        yield workerless


async def test_a_start_from_python_is_refused_by_id(service: Service, elsewhere: Settings) -> None:
    """Nothing is accepted; a client of the right ledger is asked about once."""
    database = Database(elsewhere.resolved_database_url)
    other = service_of(
        elsewhere, database, service.temporal_client, service.clock, patience=timedelta(seconds=10)
    )
    request = DiscoverSets(account_id=uuid4())

    with pytest.raises(OtherLedger, match="the workers of this Temporal work for ledger"):
        await other.jobs.start(DISCOVER_SETS, request)
    with pytest.raises(OtherLedger):
        await other.jobs.start_many(DISCOVER_SETS, [request, request])
    accepted = await other.tasks.find()
    await service.wait((await service.jobs.start(DISCOVER_SETS, request)).id)

    assert [] == accepted
    await database.dispose()


async def test_an_answer_that_comes_late_is_heeded_by_the_next_start(
    service: Service, elsewhere: Settings
) -> None:
    """Nobody waits for a Temporal that is slow to say it."""
    database = Database(elsewhere.resolved_database_url)
    check = LedgerCheck(database, service.temporal)

    await check.refuse_other(timedelta())
    with pytest.raises(OtherLedger):
        await check.refuse_other(timedelta(seconds=10))

    await database.dispose()


async def test_without_a_worker_nothing_is_refused(workerless: Service, elsewhere: Settings) -> None:
    """Nobody is there to say another ledger; that is not asked at each start."""
    seconds = 0.0
    database = Database(elsewhere.resolved_database_url)
    check = LedgerCheck(database, workerless.temporal, lambda: seconds)

    await check.refuse_other(timedelta(seconds=10))
    async with worker_of(workerless):
        await check.refuse_other(timedelta(seconds=10))  # not asked
        seconds = 10.0
        with pytest.raises(OtherLedger):
            await check.refuse_other(timedelta(seconds=10))

    await database.dispose()


async def test_a_schedule_of_another_ledgers_temporal_is_not_triggered(
    service: Service, elsewhere: Settings, tmp_path: Path
) -> None:
    """It would run for the other ledger; who has no ledger at all may operate the schedules."""
    with pytest.raises(OtherLedger):
        await Schedules(service.temporal_client, elsewhere).trigger("relay-tasks")
    nowhere = Settings(state_dir=tmp_path / "nowhere")
    schedules = Schedules(service.temporal_client, nowhere)
    with pytest.raises(BadInput, match="is not in Temporal yet"):  # Temporal was asked, and has none here
        await schedules.trigger("relay-tasks")
    assert not nowhere.state_dir.exists()
