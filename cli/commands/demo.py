"""Run card jobs and wishlist checks against emulators of JustTCG and a mail server, all on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer
from rich.markup import escape

from mainspring.cli.console import settled, worker_of
from mainspring.cli.output import echo
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE

if TYPE_CHECKING:
    from mainspring.config.settings import Settings


def demo(context: typer.Context) -> None:
    """Run card jobs and wishlist checks against emulators of JustTCG and a mail server, all on this machine.

    A second run shows that nothing is done twice.
    """
    from mainspring.cli.demo.cards import run_cards
    from mainspring.cli.demo.wishlists import run_wishlists
    from mainspring.cli.stack import running_stack
    from mainspring.client.service import open_service
    from mainspring.config.logs import configure_logs
    from mainspring.config.signals import stop_on_signals

    worker = worker_of(context)

    async def work(settings: Settings) -> int:
        # A place and ports of its own, so that it runs beside anything else, and a quiet log.
        settings = settings.model_copy(
            update={
                "state_dir": settings.state_dir / "demo",
                "database_url": None,
                "workspace": DEFAULT_WORKSPACE,
                "engine_port": 0,
                "ui_port": 0,
                "justtcg_api_key": None,
                "smtp_host": None,
                "public_url": "https://shop.example",
                "log_level": "warning",
            }
        )
        configure_logs(settings)
        async with running_stack(settings, worker, stop_on_signals(), emulated=True) as stack:
            where = f"Temporal {stack.temporal.address}, Web UI {stack.temporal.ui_url}"
            echo(f"{where}, emulators of the outside")
            async with open_service(stack.settings, stack.temporal_client, create=True) as service:
                echo("\n[bold]Trading cards[/]")
                failed = await run_cards(stack, service)
                echo("\n[bold]Wishlist alerts[/]")
                failed |= await run_wishlists(stack, service)
            echo(f"\neverything is in {escape(str(stack.settings.state_dir / 'mainspring.db'))}")
            echo(f"the Web UI was at {stack.temporal.ui_url}; `make up` keeps one running")
            return failed

    settled(work)
