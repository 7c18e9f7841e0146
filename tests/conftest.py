"""What our own tests ask for beside the shipped fixtures: both kinds of database, a service with cards."""

import gc
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, is_hypothesis_test, settings
from temporalio.client import Client

from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from tests.postgres import PostgresServer, postgres_server
from tests.service import Service, idle_service

pytest_plugins = ["mainspring.testing.fixtures", "tests.api_fixtures"]

# How long an example takes is the machine's doing. The suite tries the same examples each time, so that no
# run is red by chance; the drill looks for new ones, and for more of them.
SLOW_IS_NO_FAULT = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
settings.register_profile(
    "suite", deadline=None, max_examples=40, derandomize=True, suppress_health_check=SLOW_IS_NO_FAULT
)
settings.register_profile(
    "drill", deadline=None, max_examples=1_000, suppress_health_check=SLOW_IS_NO_FAULT, print_blob=True
)
settings.load_profile("suite")

# A shell without job control lets what it runs in the background ignore Ctrl-C, and so would every command
# that a test starts and presses Ctrl-C at.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Leave what was imported out of the garbage collection: to look through it took a fifth of all CPU."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Make the property tests part of a drill, which is what asks for that profile."""
    if settings.get_current_profile_name() == "drill":
        for item in items:
            if isinstance(item, pytest.Function) and is_hypothesis_test(item.obj):
                item.add_marker(pytest.mark.drill)
                item.add_marker(pytest.mark.timeout(1_200))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal_server() -> AsyncIterator[str]:
    """Run a server whose namespaces have no workers of the server's own: two thirds of what one costs.

    Only schedules need those, and them soon: a test that has the mark `schedules` gets another server. What
    else asks for a namespace that is new reads through, so this server looks for new ones once a minute.
    """
    options = {
        "worker__perNamespaceWorkerCount": "0",
        "system__namespaceCacheRefreshInterval": '"60s"',
    }
    async with temporal_server_process(**options) as address:
        yield address


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def scheduling_server() -> AsyncIterator[str]:
    """Run a server that fires schedules, started when a test first asks; give its address."""
    async with temporal_server_process() as address:
        yield address


@pytest.fixture
def temporal_address(request: pytest.FixtureRequest) -> str:
    """Give the address of the server that the test needs."""
    firing = request.node.get_closest_marker("schedules") is not None
    address: str = request.getfixturevalue("scheduling_server" if firing else "temporal_server")
    return address


@pytest.fixture
async def temporal_client(temporal_address: str) -> Client:
    """Give a client of a namespace of the test's own."""
    return await own_namespace(temporal_address)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Run one server for each test process, started when a test first asks."""
    with postgres_server(upgrade) as server:
        yield server


@pytest.fixture
async def postgresql_database(postgres: PostgresServer) -> AsyncIterator[Database]:
    """Give a PostgreSQL database without a row, emptied afterwards."""
    name = await postgres.create()
    database = Database(postgres.url(name))
    yield database
    await database.dispose()
    await postgres.take_back(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Give a fresh database: a test that asks for it runs on both kinds.

    A second "machine" is `Database(database.url)`, which the test disposes of.
    """
    fresh: Database = request.getfixturevalue(f"{request.param}_database")
    return fresh


@pytest.fixture
def service_database(request: pytest.FixtureRequest) -> Database:
    """Give the service's database: SQLite, unless an `indirect` parameter says "postgresql"."""
    fresh: Database = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_database")
    return fresh


@pytest.fixture
async def workerless(
    temporal_client: Client, service_database: Database, tmp_path: Path
) -> AsyncIterator[Service]:
    """Give a service that accepts tasks but has no worker."""
    async with idle_service(temporal_client, service_database, tmp_path) as service:
        yield service


@pytest.fixture
async def service(workerless: Service) -> AsyncIterator[Service]:
    """Give a service with a worker."""
    async with workerless.worker():
        yield workerless
