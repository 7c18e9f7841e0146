"""Serve the HTTP API until Ctrl-C."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from mainspring.cli.console import SUCCESS, end, settled
from mainspring.cli.output import show_json

if TYPE_CHECKING:
    from mainspring.config.settings import Settings


def api(
    *,
    host: Annotated[
        str | None, typer.Option(help="Where to listen; MAINSPRING_API_HOST, or 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="MAINSPRING_API_PORT, or 8234; 0 takes a free one."),
    ] = None,
    print_openapi: Annotated[
        bool, typer.Option("--print-openapi", help="Print the OpenAPI document and exit.")
    ] = False,
) -> None:
    """Serve the HTTP API until Ctrl-C.

    Any number of these serve one database, beside any number of workers. `mainspring up` serves it, too.
    """
    if print_openapi:
        from mainspring.api.app import document

        show_json(document())
        end(SUCCESS)

    from mainspring.api.running import serve
    from mainspring.api.server import listening
    from mainspring.config.signals import stop_on_signals

    async def work(settings: Settings) -> None:
        stop = stop_on_signals()
        chosen = {
            "api_host": host or settings.api_host,
            "api_port": settings.api_port if port is None else port,
        }
        settings = settings.model_copy(update=chosen)
        with listening(settings.api_host, settings.api_port) as listener:
            await serve(settings, listener, stop)

    settled(work)
