"""The service's own database goes away during a run, and comes back."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.storage.migrate import upgrade
from tests.acceptance.drill_outages import Outage, postgres_stopped, sqlite_locked
from tests.acceptance.drill_rivals import LONG, SHORT, Scale, rivals
from tests.acceptance.drill_runs import JOBS, Rivals
from tests.postgres import PostgresServer, postgres_server

# A call whose answer could not be stored is made again, once.
REPEATED_AT_MOST = 1


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


@pytest.mark.drill
@pytest.mark.timeout(1200)
async def test_a_run_goes_on_after_sqlite_was_locked_by_another_process(
    tmp_path: Path, drill_random: Random, justtcg_sandbox: JustTcgEmulator
) -> None:
    """It ends SUCCESS with an undisturbed run's result and database."""
    away = sqlite_locked(tmp_path / "disturbed" / "mainspring.db")
    async with rivals(tmp_path, justtcg_sandbox, LONG) as both:
        await outlasts(Outage(away, LONG.outage_seconds, drill_random), both, drill_random)


@pytest.mark.parametrize(
    "scale",
    [
        pytest.param(SHORT, id="short"),
        pytest.param(LONG, id="long", marks=[pytest.mark.drill, pytest.mark.timeout(1200)]),
    ],
)
async def test_a_run_goes_on_after_postgresql_was_stopped_and_started(
    scale: Scale,
    tmp_path: Path,
    drill_random: Random,
    justtcg_sandbox: JustTcgEmulator,
    own_postgres: PostgresServer,
) -> None:
    """It ends SUCCESS with the result and, but for its kind, the database of an undisturbed run."""
    url = own_postgres.url(await own_postgres.create())
    outage = Outage(postgres_stopped(await data_directory(own_postgres)), scale.outage_seconds, drill_random)
    async with rivals(tmp_path, justtcg_sandbox, scale, database_url=url) as both:
        await outlasts(outage, both, drill_random)
