"""Check of the database: is it there, and is its schema the newest."""

from collections.abc import AsyncIterator

from mainspring.client.checks.findings import Finding
from mainspring.config.settings import Settings
from mainspring.storage.database import Database
from mainspring.storage.errors import READ_ERRORS
from mainspring.storage.schema_version import is_current


async def check_database(settings: Settings) -> AsyncIterator[Finding]:
    """Check that the database answers with the newest schema."""
    if settings.database_url is None and not settings.database_file.exists():
        where = f"there is none at {settings.database_file}"
        yield Finding("database", where, "run `mainspring db upgrade`")
        return
    database = Database(settings.resolved_database_url)
    where = database.url.render_as_string(hide_password=True)
    try:
        current = await is_current(database)
    except READ_ERRORS as error:
        yield Finding("database", f"{where}: {error}", "start it, or correct MAINSPRING_DATABASE_URL")
        return
    finally:
        await database.dispose()
    yield Finding("database", where, "" if current else "run `mainspring db upgrade`")
