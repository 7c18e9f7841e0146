"""`up` and `worker`: running the service."""

import asyncio
from typing import Annotated

import typer
from rich.markup import escape

from client.cli.console import database_name, echo, settled, show_table, worker_of
from client.cli.stack import SANDBOX_KEYS, Stack, running_stack
from client.connect import connect
from client.settings import Settings
from client.signals import stop_on_signals


def up(
    context: typer.Context,
    *,
    sandbox: Annotated[
        bool, typer.Option("--sandbox", help="Use stand-ins for the services that no key is set for.")
    ] = False,
) -> None:
    """Run everything in this process until Ctrl-C: Temporal, its Web UI, the database and the worker."""
    worker = worker_of(context)

    async def work(settings: Settings) -> None:
        stop = stop_on_signals()
        async with running_stack(settings, worker, stop, sandbox=sandbox) as stack:
            _show(stack)
            await asyncio.wait({stack.work, asyncio.create_task(stop.wait())}, return_when="FIRST_COMPLETED")
            echo("stopping")
        stack.work.result()

    settled(work)


def _show(stack: Stack) -> None:
    show_table(
        ("Mainspring is up; Ctrl-C stops it", ""),
        [
            ("Temporal Web UI", stack.engine.ui_url),
            ("Temporal", stack.engine.address),
            ("database", escape(database_name(stack.settings))),
            ("JustTCG", escape(stack.settings.justtcg_url) + (" (stand-in)" if stack.justtcg else "")),
        ],
    )
    if stack.justtcg:
        echo(f"[dim]the stand-in accepts the keys {', '.join(SANDBOX_KEYS.values())}[/]")


def work(context: typer.Context) -> None:
    """Run a worker against the configured Temporal until Ctrl-C."""
    worker = worker_of(context)

    async def serve(settings: Settings) -> None:
        await worker(settings, await connect(settings), stop_on_signals())

    settled(serve)
