"""What tests ask for: fresh databases with the schema, a Temporal server, and a whole service."""

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from temporalio.client import Client

from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from mainspring.testing.temporal_server import own_namespace, temporal_server_process
from tests.postgres import PostgresServer, postgres_server
from tests.service import Service, idle_service


class SqliteTemplate:
    """A file with the schema, made when a test first asks; each database is a copy of it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "template.db"
        self._is_made = False

    async def copy(self, path: Path) -> str:
        """Copy the template to `path` and return its address."""
        if not self._is_made:
            template = Database(f"sqlite+aiosqlite:///{self._path}")
            await upgrade(template)
            await template.dispose()
            self._is_made = True
        shutil.copy(self._path, path)
        return f"sqlite+aiosqlite:///{path}"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    """Keep one template for each test process."""
    return SqliteTemplate(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Run one server for each test process, started when a test first asks."""
    with postgres_server(upgrade) as server:
        yield server


@pytest.fixture
async def sqlite_database(sqlite_template: SqliteTemplate, tmp_path: Path) -> AsyncIterator[Database]:
    """Give a fresh SQLite database: for a test to which the kind does not matter."""
    database = Database(await sqlite_template.copy(tmp_path / "mainspring.db"))
    yield database
    await database.dispose()


@pytest.fixture
async def postgresql_database(postgres: PostgresServer) -> AsyncIterator[Database]:
    """Give a fresh PostgreSQL database, dropped afterwards."""
    name = await postgres.create()
    database = Database(postgres.url(name))
    yield database
    await database.dispose()
    await postgres.drop(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Database:
    """Give a fresh database: a test that asks for it runs on both kinds.

    A second "machine" is `Database(database.url)`, which the test disposes of.
    """
    fresh: Database = request.getfixturevalue(f"{request.param}_database")
    return fresh


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal_server() -> AsyncIterator[str]:
    """Run one Temporal server for each test process, started when a test first asks; give its address."""
    async with temporal_server_process() as address:
        yield address


@pytest.fixture
async def temporal_client(temporal_server: str) -> Client:
    """Give a client of a namespace of the test's own."""
    return await own_namespace(temporal_server)


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
