"""The service's own database goes away during a run, and comes back.

In short: SQLite's here, with the worker in this process; PostgreSQL's in the storm (test_drill_storm).
"""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from mainspring.contracts.cards import UpdateInventoryPrices
from mainspring.contracts.tasks import TaskState
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.emulators.justtcg.calls import Call
from mainspring.emulators.justtcg.faults import Fault
from mainspring.storage.migrate import upgrade
from mainspring.testing import eventually
from mainspring.workflows.cards import UPDATE_INVENTORY_PRICES
from tests.acceptance.drill_outages import Outage, postgres_stopped, sqlite_locked
from tests.acceptance.drill_rivals import LONG, rivals
from tests.acceptance.drill_runs import JOBS, Rivals
from tests.postgres import PostgresServer, postgres_server
from tests.service import Service

# A call whose answer could not be stored is made again, once.
REPEATED_AT_MOST = 1

VARIANTS = 500
A_BATCH = 100  # of this plan's

LOCKED_SECONDS = 8


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """Run a server that may be stopped: the other tests have theirs."""
    with postgres_server(upgrade) as server:
        yield server


async def data_directory(server: PostgresServer) -> Path:
    """Ask the server where its files are."""
    connection = await server.connect()
    try:
        return Path(await connection.fetchval("SHOW data_directory"))
    finally:
        await connection.close()


async def outlasts(outage: Outage, both: Rivals, chance: Random) -> None:
    """Run a job whose database goes away; see that it costs at most one call."""
    before = both.repeated
    await both.run(chance.choice(JOBS), outage.disturb)
    assert both.repeated - before <= REPEATED_AT_MOST
    assert outage.calls_during <= 1


async def test_in_short_a_run_goes_on_after_sqlite_was_locked_by_another_process(
    service: Service, tmp_path: Path
) -> None:
    """It ends SUCCESS with every price, asks for one batch twice at most, for none while locked out."""
    variants = service.justtcg.catalogue.variant_ids[:VARIANTS]
    account_id = await service.add_account(plan="Professional", inventory=variants)
    service.justtcg.faults.slow_seconds = 0.3
    service.justtcg.faults.rate(Fault.SLOW, 1)

    async def calls() -> list[Call]:
        return service.justtcg.calls.of("key-of-shop")

    started = await service.jobs.start(UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account_id))
    await eventually(calls, bool)
    async with sqlite_locked(tmp_path / "mainspring.db"):
        made = len(await calls())
        await asyncio.sleep(LOCKED_SECONDS)
        assert len(await calls()) - made <= 1
    task = await service.wait(started.id)

    assert (TaskState.SUCCESS, VARIANTS) == (task.state, task.processed)
    assert service.sold_at(variants) == await service.prices()
    asked = [each.variant_ids for each in await calls()]
    assert VARIANTS // A_BATCH == len(set(asked))
    assert len(asked) - len(set(asked)) <= REPEATED_AT_MOST


@pytest.mark.drill
@pytest.mark.timeout(1200)
async def test_a_run_goes_on_after_sqlite_was_locked_by_another_process(
    tmp_path: Path, drill_random: Random, justtcg_sandbox: JustTcgEmulator
) -> None:
    """It ends SUCCESS with an undisturbed run's result and database."""
    away = sqlite_locked(tmp_path / "disturbed" / "mainspring.db")
    async with rivals(tmp_path, justtcg_sandbox, LONG) as both:
        await outlasts(Outage(away, LONG.outage_seconds, drill_random), both, drill_random)


@pytest.mark.drill
@pytest.mark.timeout(1200)
async def test_a_run_goes_on_after_postgresql_was_stopped_and_started(
    tmp_path: Path,
    drill_random: Random,
    justtcg_sandbox: JustTcgEmulator,
    own_postgres: PostgresServer,
) -> None:
    """It ends SUCCESS with the result and, but for its kind, the database of an undisturbed run."""
    url = own_postgres.url(await own_postgres.create())
    outage = Outage(postgres_stopped(await data_directory(own_postgres)), LONG.outage_seconds, drill_random)
    async with rivals(tmp_path, justtcg_sandbox, LONG, database_url=url) as both:
        await outlasts(outage, both, drill_random)
