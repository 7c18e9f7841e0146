"""The ledger, for who only looks. Temporal is loaded and asked only where no worker is in the ledger."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mainspring.client.errors import NothingHere
from mainspring.client.tasks.queries import Tasks
from mainspring.config.settings import Settings
from mainspring.storage.commits import after_commits
from mainspring.storage.database import Database
from mainspring.storage.schema_version import is_current
from mainspring.storage.workers import WorkerRegister

if TYPE_CHECKING:
    from mainspring.workflows.runtime.job import AnyJob


@dataclass(frozen=True)
class Ledger:
    """What `open_ledger` gives: the tasks of one workspace, to be looked at."""

    settings: Settings
    database: Database
    tasks: Tasks

    async def workers(self) -> int:
        """Return how many workers have said lately that they run, or ask Temporal for work and say nothing.

        Workers of 0.1 do not say it; during an upgrade they may be the only ones.
        """
        now = datetime.now(UTC)
        running = await self.database.read(lambda session: WorkerRegister(session).running(now=now))
        if running:
            return running
        from mainspring.client.tasks.availability import unregistered_workers  # noqa: PLC0415  # loads Temporal

        return await unregistered_workers(self.settings)


@asynccontextmanager
async def open_ledger(settings: Settings, *, workspace: str | None = None) -> AsyncIterator[Ledger]:
    """Open the database for looking at tasks.

    Raises NothingHere: when there is no embedded database in the state directory.
    Raises DatabaseAway: when the database cannot be reached.
    Raises BadInput: when no workspace can have this name.
    """
    async with opened_database(settings) as database:
        workspace = settings.workspace if workspace is None else workspace
        yield Ledger(settings, database, Tasks(database, _job_named, workspace=workspace))


@asynccontextmanager
async def opened_database(settings: Settings, *, create: bool = False) -> AsyncIterator[Database]:
    """Open the database, brought to the newest schema; what its commits have begun ends with the block.

    Raises NothingHere: when there is no embedded database in the state directory, unless one is to be made.
    Raises SettingsError: when the state directory cannot be made or used.
    """
    if create:
        settings.make_state_dir()
    elif settings.database_url is None and not settings.database_file.exists():
        if settings.state_dir.exists():
            settings.make_state_dir()  # which says what is wrong with a directory that is there
        raise NothingHere(settings.database_file)
    database = Database(settings.resolved_database_url)
    try:
        if not await is_current(database):
            from mainspring.storage.migrate import upgrade  # noqa: PLC0415  # loads Alembic

            await upgrade(database)
        yield database
    finally:
        await after_commits()
        await database.dispose()


def _job_named(name: str) -> "AnyJob":
    from mainspring.workflows.runtime.catalogue import job_named  # noqa: PLC0415  # loads every job

    return job_named(name)
