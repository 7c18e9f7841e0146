"""`db`: the database's schema."""

import typer

from mainspring.cli.console import settled
from mainspring.cli.output import echo
from mainspring.config.settings import Settings
from mainspring.storage.database import Database
from mainspring.storage.migrate import is_current, upgrade

commands = typer.Typer(name="db", no_args_is_help=True, help="The database's schema.")


@commands.callback()
def group() -> None:
    """Keep `db` a group although it has one command."""


@commands.command("upgrade")
def upgrade_schema() -> None:
    """Bring the database to the newest schema; safe to run at any time, several at once."""

    async def work(settings: Settings) -> None:
        settings.state_dir.mkdir(parents=True, exist_ok=True)
        database = Database(settings.resolved_database_url)
        try:
            was_current = await is_current(database)
            await upgrade(database)
        finally:
            await database.dispose()
        echo("the database is up to date" if was_current else "the database was upgraded")

    settled(work)
