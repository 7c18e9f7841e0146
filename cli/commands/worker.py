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

    from mainspring.config.connect import connect
    from mainspring.config.signals import stop_on_signals

    async def work(settings: Settings) -> None:
        settings.make_state_dir()
        await serve(settings, await connect(settings), stop_on_signals())

    settled(work)
