"""Bringing a database to the newest schema. The migrations themselves are in storage/migrations."""

import tempfile
import threading
from argparse import Namespace
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import inspect, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from mainspring.storage.database import Database, translated
from mainspring.storage.schema_version import VERSION_TABLE, has_newest, is_current, reading
from mainspring.storage.tables import Base

# Any number will do, as long as every Mainspring process takes the same: the first four bytes of "main".
ADVISORY_LOCK = 0x6D61696E

# What begins so is in a database only where its server has an extension, or whatever it takes.
OPTIONAL = "optional_"

# Alembic keeps its context in module globals: two upgrades in one process must not overlap.
_one_at_a_time = threading.Lock()


class MorePages(Exception):
    """A migration has changed a page of rows, and is run again for the next one in another transaction."""


def alembic_config() -> Config:
    """Return the configuration that names where the migrations are."""
    config = Config()
    # Alembic takes `%` for the beginning of a reference: `feature%2Fx` is a folder.
    folder = str(Path(__file__).parent / "migrations").replace("%", "%%")
    config.set_main_option("script_location", folder)
    return config


async def upgrade(database: Database) -> None:
    """Apply the migrations that are missing; processes that start together take turns.

    A schema that a later release has made is left as it is: migrations only add, so that the release
    before can be run again. On SQLite one transaction applies all, with the write lock from its start. On
    PostgreSQL each migration of a schema that is there has a transaction of its own, with an advisory lock:
    the workers of the release before go on meanwhile, and a table that one migration locks is free for the
    next. One that changes many rows raises MorePages after each page of them. With the newest schema there
    already, `upgrade` only reads, and waits for no writer.

    Raises DatabaseAway: when the database cannot be reached; so do the others here.
    """
    if await is_current(database):
        return
    with translated():
        async with database.unhurried() as connection, _unchecked(connection):
            is_newest = False
            while not is_newest:
                async with connection.begin():
                    is_newest = await _go_on(connection)


async def _go_on(connection: AsyncConnection) -> bool:
    """Apply what a transaction may hold, and return whether the schema is the newest now."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
    return await connection.run_sync(_upgrade)


@asynccontextmanager
async def _unchecked(connection: AsyncConnection) -> AsyncIterator[None]:
    """Let SQLite not check references while tables are made anew: to drop one would delete what refers to it.

    It can be said outside of a transaction only; https://sqlite.org/lang_altertable.html has it so.
    """
    if connection.dialect.name != "sqlite":
        yield
        return
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        await driver.execute("PRAGMA foreign_keys=ON")


async def revise(title: str) -> Path | None:
    """Write the migration that leads to the tables as declared; None when there is nothing to do.

    The migrations so far are applied to a database of its own, and what differs from the declared tables is
    what the new one does. Columns that have only changed their length or collation are not seen.
    """
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{folder}/revision.db")
        try:
            await upgrade(database)
            async with database.engine.connect() as connection:
                return await connection.run_sync(_revise, title)
        finally:
            await database.dispose()


async def differences(database: Database) -> list[object]:
    """Return how the migrated database differs from the tables as declared; nothing, if all is well."""
    with translated():
        async with reading(database) as connection:
            return await connection.run_sync(_differences)


def _upgrade(connection: Connection) -> bool:
    if has_newest(connection):
        return True
    config = alembic_config()
    config.attributes["connection"] = connection
    # Nobody works beside the first migrations of an empty database.
    is_in_use = connection.dialect.name == "postgresql" and inspect(connection).has_table(VERSION_TABLE)
    with _one_at_a_time:
        try:
            command.upgrade(config, "+1" if is_in_use else "head")
        except MorePages:
            return False
    if connection.dialect.name == "sqlite":
        broken = connection.execute(text("PRAGMA foreign_key_check")).all()
        if broken:
            raise RuntimeError(
                f"the migrations have left references to rows that are not there: {broken[:3]}"
            )
    return has_newest(connection)


def _revise(connection: Connection, title: str) -> Path | None:
    if not _differences(connection):
        return None
    config = alembic_config()
    config.attributes["connection"] = connection
    config.cmd_opts = Namespace(quiet=True)
    # Alembic's own ids have no order; a folder is read by its numbers.
    config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    last = ScriptDirectory.from_config(config).get_current_head() or "0"
    with _one_at_a_time:
        written = command.revision(config, title, autogenerate=True, rev_id=f"{int(last) + 1:04}")
    if not isinstance(written, Script):
        raise TypeError(f"one migration was to be written, not {written}")
    return Path(written.path)


def _differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"include_object": _is_compared})
    return list(compare_metadata(context, Base.metadata))


def _is_compared(_item: object, name: str | None, *_about: object) -> bool:
    """Whether something in a database is to be as declared: what only some databases can have is not."""
    return not (name or "").startswith(OPTIONAL)
