"""Run a worker against the configured Temporal until Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from mainspring.cli.console import settled, worker_of

if TYPE_CHECKING:
    from mainspring.config.settings import Settings


def worker(context: typer.Context) -> None:
    """Run a worker against the configured Temporal until Ctrl-C."""
    serve = worker_of(context)
    serve.get_ready()

    from mainspring.config.signals import stop_on_signals
    from mainspring.config.waiting import connected

    async def work(settings: Settings) -> None:
        settings.make_state_dir()
        stop = stop_on_signals()
        client = await connected(settings, stop)
        if client is not None:
            await serve(settings, client, stop)

    settled(work)
