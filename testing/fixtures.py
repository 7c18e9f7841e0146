"""A pytest plugin with a service for each test: `pytest_plugins = ["mainspring.testing.fixtures"]`.

One Temporal dev server and one database template are made for each test process; each test has a namespace
and a database of its own. Nothing leaves the machine: the price service and the mail server are emulators.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from temporalio.client import Client

from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.emulators.smtp import SmtpEmulator
from mainspring.storage.database import Database
from mainspring.testing.service import ServiceUnderTest
from mainspring.testing.service import idle_service as open_idle_service
from mainspring.testing.shifted_clock import ShiftedClock
from mainspring.testing.sqlite_template import SqliteTemplate
from mainspring.testing.temporal_server import own_namespace, temporal_server_process


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> SqliteTemplate:
    """Keep one template for each test process."""
    return SqliteTemplate(tmp_path_factory.mktemp("sqlite"))


@pytest_asyncio.fixture
async def sqlite_database(sqlite_template: SqliteTemplate, tmp_path: Path) -> AsyncIterator[Database]:
    """Give a fresh SQLite database with the schema."""
    database = Database(await sqlite_template.copy(tmp_path / "mainspring.db"))
    yield database
    await database.dispose()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def temporal_server() -> AsyncIterator[str]:
    """Run one Temporal server for each test process, started when a test first asks; give its address."""
    async with temporal_server_process() as address:
        yield address


@pytest_asyncio.fixture
async def temporal_client(temporal_server: str) -> Client:
    """Give a client of a namespace of the test's own."""
    return await own_namespace(temporal_server)


@pytest.fixture
def clock() -> ShiftedClock:
    """Give the service's clock, which a test moves ahead."""
    return ShiftedClock()


@pytest_asyncio.fixture
async def justtcg(clock: ShiftedClock) -> AsyncIterator[JustTcgEmulator]:
    """Run a price service whose minutes and days are those of the service's clock."""
    async with JustTcgEmulator(now=clock.now) as emulator:
        yield emulator


@pytest_asyncio.fixture
async def mail_server() -> AsyncIterator[SmtpEmulator]:
    """Run a mail server that keeps what it accepts."""
    async with SmtpEmulator() as emulator:
        yield emulator


@pytest.fixture
def service_settings(justtcg: JustTcgEmulator, mail_server: SmtpEmulator) -> dict[str, Any]:
    """Give the service's settings beside the defaults; a test file overrides the fixture to add others."""
    return {
        "justtcg_url": justtcg.base_url,
        "smtp_host": mail_server.host,
        "smtp_port": mail_server.port,
        "smtp_security": "none",
    }


@pytest_asyncio.fixture
async def idle_service(
    temporal_client: Client,
    sqlite_database: Database,
    tmp_path: Path,
    clock: ShiftedClock,
    service_settings: dict[str, Any],
) -> AsyncIterator[ServiceUnderTest]:
    """Give a service that accepts tasks but has no worker."""
    async with open_idle_service(
        temporal_client, sqlite_database, tmp_path, clock, **service_settings
    ) as service:
        yield service


@pytest_asyncio.fixture
async def service(idle_service: ServiceUnderTest) -> AsyncIterator[ServiceUnderTest]:
    """Give a service with a worker."""
    async with idle_service.worker():
        yield idle_service
