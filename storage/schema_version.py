"""Which schema a database has, without Alembic: most processes find it newest, and load no more than this."""

from pathlib import Path

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from mainspring.storage.database import READ_ONLY, Database, translated

# Alembic's own table, whose one row is the revision.
VERSION_TABLE = "alembic_version"

MIGRATIONS = Path(__file__).parent / "migrations" / "versions"


def revisions() -> list[str]:
    """Return the migrations' revisions, the newest last: with each begins the name of its file."""
    return sorted(file.name.partition("_")[0] for file in MIGRATIONS.glob("[0-9]*_*.py"))


async def is_current(database: Database) -> bool:
    """Whether the database has the newest schema, or one of a later release.

    DatabaseAway: it cannot be reached.
    """
    with translated():
        async with reading(database) as connection:
            return await connection.run_sync(has_newest)


def has_newest(connection: Connection) -> bool:
    """Whether the schema is the newest one, or one of a later release, whose revision is not known here."""
    if not inspect(connection).has_table(VERSION_TABLE):
        return False
    found = connection.scalar(text(f"SELECT version_num FROM {VERSION_TABLE}"))
    known = revisions()
    return found is not None and (found == known[-1] or found not in known)


def reading(database: Database) -> AsyncConnection:
    """Return a connection, to be entered, that takes no write lock on SQLite."""
    return database.engine.execution_options(**{READ_ONLY: True}).connect()
