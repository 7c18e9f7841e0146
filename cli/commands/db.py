"""The database's schema."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mainspring.cli.console import settled
from mainspring.cli.output import AsJson, tell
from mainspring.client.errors import NothingHere

if TYPE_CHECKING:
    from mainspring.config.settings import Settings

commands = typer.Typer(no_args_is_help=True, help=__doc__)


@commands.command("upgrade")
def upgrade_schema(*, as_json: AsJson = False) -> None:
    """Bring the database to the newest schema; safe to run at any time, several at once."""
    from mainspring.config.secrets import encryption_key
    from mainspring.storage.database import Database
    from mainspring.storage.migrate import upgrade
    from mainspring.storage.schema_version import is_current

    async def work(settings: Settings) -> None:
        settings.make_state_dir()
        database = Database(settings.resolved_database_url)
        try:
            was_current = await is_current(database)
            await upgrade(database)
            encryption_key(settings)  # clients make none
        finally:
            await database.dispose()
        line = "the database is up to date" if was_current else "the database was upgraded"
        tell(line, as_json, upgraded=not was_current)

    settled(work)


@commands.command("backup")
def back_up_database(
    file: Annotated[Path, typer.Argument(help="A file that is not there yet.")], *, as_json: AsJson = False
) -> None:
    """Copy the embedded database into a new file, also while the service runs."""
    from mainspring.storage.backup import back_up
    from mainspring.storage.database import Database

    async def work(settings: Settings) -> None:
        if settings.database_url is None and not settings.database_file.exists():
            raise NothingHere(settings.database_file)
        database = Database(settings.resolved_database_url)
        try:
            await back_up(database, file)
        finally:
            await database.dispose()
        tell(escape(f"the database is copied to {file}"), as_json, file=str(file))

    settled(work)


@commands.command("revision")
def write_migration(
    title: Annotated[str, typer.Argument(help="What the migration does; its file is called so.")],
    *,
    as_json: AsJson = False,
) -> None:
    """Write the migration that leads to the tables as they are declared. For work on the project."""
    import asyncio

    from mainspring.storage.migrate import revise

    written = asyncio.run(revise(title))
    path = None if written is None else os.path.relpath(written.resolve())
    tell(escape(path or "the migrations lead to the declared tables already"), as_json, written=path)
