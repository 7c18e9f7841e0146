"""Coins and what they are worth."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from mainspring.cli.console import with_service
from mainspring.cli.imports import show_import
from mainspring.client.imports import Imported, OnRejected, Refused, import_file
from mainspring.client.service import Service
from mainspring.contracts.coins import Coin
from mainspring.storage.coins import CoinRepository

commands = typer.Typer(no_args_is_help=True, help=__doc__)


@commands.command("import")
def load(file: Annotated[Path, typer.Argument(help="CSV or JSON: id, owner_email, year.")]) -> None:
    """Load coins. Exit code 2 when a row was bad."""

    async def work(service: Service) -> int:
        async def store(coins: Sequence[Coin]) -> Refused:
            await service.database.transact(lambda session: CoinRepository(session).store(coins))
            return {}

        async def run(path: Path, on_rejected: OnRejected) -> Imported:
            return await import_file(path, Coin, store, lambda coin: (coin.id,), on_rejected=on_rejected)

        return await show_import(file, run, rows=" coins")

    with_service(work)
