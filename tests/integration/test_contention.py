"""Many at once on one SQLite file: nobody is told that it is locked."""

import asyncio
import time
from pathlib import Path

import pytest
from sqlalchemy import text

from mainspring.client.ledger import opened_database
from mainspring.config.settings import Settings
from mainspring.storage.database import Database
from mainspring.storage.schema_version import is_current

WRITERS = 25

# SQLite itself gives up after 30 s; without turns one writer has waited for ten.
SOON = 10.0

MINUTES = 60


@pytest.mark.parametrize(
    "writes", [8, pytest.param(800, marks=[pytest.mark.drill, pytest.mark.timeout(20 * MINUTES)])]
)
async def test_twenty_five_writers_are_all_let_in(sqlite_database: Database, writes: int) -> None:
    """Those of a process, and of another one beside it; nobody starves."""
    beside = Database(sqlite_database.url)
    longest = 0.0

    async def write(database: Database, name: str) -> None:
        nonlocal longest
        for number in range(writes):
            began = time.monotonic()
            insert = text("INSERT INTO games (id, name) VALUES (:id, 'a game')")
            await database.transact(lambda session: session.execute(insert, {"id": f"{name}-{number}"}))  # noqa: B023  # run before the next
            longest = max(longest, time.monotonic() - began)

    await asyncio.gather(*(write((sqlite_database, beside)[n % 2], f"writer-{n}") for n in range(WRITERS)))
    await beside.dispose()

    count = text("SELECT count(*) FROM games")
    assert WRITERS * writes == await sqlite_database.read(lambda session: session.scalar(count))
    assert longest < SOON


@pytest.mark.parametrize(
    "directories", [1, pytest.param(200, marks=[pytest.mark.drill, pytest.mark.timeout(30 * MINUTES)])]
)
async def test_every_fresh_directory_comes_up(tmp_path: Path, directories: int) -> None:
    """Whoever is first makes the schema, and the others, who come at the same time, find it."""

    async def come_up(settings: Settings) -> bool:
        async with opened_database(settings, create=True) as database:
            return await is_current(database)

    for number in range(directories):
        settings = Settings(state_dir=tmp_path / str(number))
        found = await asyncio.gather(*(come_up(settings) for _ in range(4)))
        assert [True] * 4 == found
