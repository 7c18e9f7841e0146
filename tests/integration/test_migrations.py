"""The migrations, on both databases."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from mainspring.storage.database import Database
from mainspring.storage.migrate import differences, is_current, upgrade
from tests.postgres import PostgresServer

UPGRADE = """
import asyncio, sys
from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade

async def main():
    database = Database(sys.argv[1])
    await upgrade(database)
    await database.dispose()

asyncio.run(main())
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/empty.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url(asyncio.run(server.create_empty()))


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    """Give a database without any table."""
    database = Database(empty_url)
    yield database
    await database.dispose()


async def test_the_migrations_lead_to_the_declared_tables(empty: Database) -> None:
    """What the code declares and what an upgraded database has are the same, and a repeat is harmless."""
    assert not await is_current(empty)

    for _ in range(2):
        await upgrade(empty)
        assert await is_current(empty)
        assert [] == await differences(empty)


async def test_upgrades_in_one_process_take_turns(empty: Database) -> None:
    """Several parts of a process may each bring the database up to date."""
    await asyncio.gather(*(upgrade(empty) for _ in range(4)))

    assert [] == await differences(empty)


async def upgraded_elsewhere(url: str) -> tuple[int | None, bytes]:
    """Upgrade in a process of its own; return its exit code and what it complained of."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", UPGRADE, url, stderr=asyncio.subprocess.PIPE
    )
    _, complaint = await process.communicate()
    return process.returncode, complaint


async def test_processes_that_start_together_all_find_the_newest_schema(empty: Database) -> None:
    """Of four workers on a fresh machine one upgrades, the others wait for it, and nobody fails."""
    url = empty.url.render_as_string(hide_password=False)

    ended = await asyncio.gather(*(upgraded_elsewhere(url) for _ in range(4)))

    assert [(0, b"")] * 4 == ended
    assert [] == await differences(empty)
