"""Check of the index of vectors, which PostgreSQL has with the extension pgvector only."""

from collections.abc import AsyncIterator

from mainspring.client.checks.findings import Finding
from mainspring.config.settings import Settings
from mainspring.storage.database import Database
from mainspring.storage.errors import READ_ERRORS
from mainspring.storage.gifting.vector_index import has_column
from mainspring.storage.schema_version import is_current

REMEDY = "install pgvector on the server, then `mainspring gifting index`"


async def check_vectors(settings: Settings) -> AsyncIterator[Finding]:
    """Say how products are found for taste profiles; nothing is said of a database that is away."""
    database = Database(settings.resolved_database_url)
    try:
        if database.is_sqlite or not await is_current(database):
            return
        is_indexed = await database.read(has_column)
    except READ_ERRORS:
        return  # `check_database` says it
    finally:
        await database.dispose()
    found = "found by an index" if is_indexed else "all compared, for pgvector is not there"
    yield Finding("vectors", found, "" if is_indexed else REMEDY, is_notice=True)
