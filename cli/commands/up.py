"""Run everything until Ctrl-C: Temporal, its Web UI, the database, the worker and the HTTP API."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mainspring.cli.console import database_name, settled
from mainspring.cli.emulators import EMULATOR_KEYS, MAILS, video_to_try
from mainspring.cli.output import echo, show_table

if TYPE_CHECKING:
    import socket

    from mainspring.cli.stack import Stack
    from mainspring.config.settings import Settings

LOOPBACK = "127.0.0.1"


def up(
    *,
    emulators: Annotated[
        bool,
        typer.Option("--emulators", "--sandbox", help="Emulate the services that no key is set for."),
    ] = False,
) -> None:
    """Run everything until Ctrl-C: Temporal, its Web UI, the database, the worker and the HTTP API.

    MAINSPRING_ENGINE_PORT (7233), MAINSPRING_UI_PORT (8233) and MAINSPRING_API_PORT (8234) are its ports, 0
    takes a free one; MAINSPRING_STATE_DIR (./var) is where its data are.
    """
    from mainspring.api.running import serve_beside
    from mainspring.api.server import url_of
    from mainspring.cli.stack import running_stack
    from mainspring.cli.worker_process import serve_in_a_process
    from mainspring.config.signals import stop_on_signals

    async def work(settings: Settings) -> None:
        settings.make_state_dir()
        stop = stop_on_signals()
        with _api_listener(settings) as listener:
            async with running_stack(settings, serve_in_a_process, stop, emulated=emulators) as stack:
                _show(stack, url_of(listener))
                serving = serve_beside(stack.settings, stack.temporal_client, listener, stop, _show_key)
                api = asyncio.create_task(serving)
                stopping = asyncio.create_task(stop.wait())
                await asyncio.wait({stack.work, api, stopping}, return_when="FIRST_COMPLETED")
                echo("stopping")
                stop.set()
                await asyncio.wait({api})
            stack.work.result()
            api.result()

    settled(work)


def _api_listener(settings: Settings) -> socket.socket:
    from mainspring.api.server import listening
    from mainspring.devserver import AlreadyRunning, PortTaken, running_temporal

    try:
        return listening(LOOPBACK, settings.api_port)
    except PortTaken:
        running = running_temporal(settings.state_dir)
        if running is not None:  # which says more than its port
            raise AlreadyRunning(settings.state_dir, running) from None
        raise


def _show_key(key: str) -> None:
    echo("a key of the HTTP API, for as long as this runs (`mainspring keys create` makes lasting ones):")
    echo(key)


def _show(stack: Stack, api_url: str) -> None:
    settings, emulators = stack.settings, stack.emulators
    videos = emulators.videos_url or settings.resolved_store_url
    show_table(
        ("Mainspring is up; Ctrl-C stops it", ""),
        [
            ("Temporal Web UI", stack.temporal.ui_url),
            ("Temporal", stack.temporal.address),
            ("HTTP API", api_url),
            ("database", escape(database_name(settings))),
            ("JustTCG", _place(settings.justtcg_url, is_emulator=emulators.justtcg is not None)),
            (
                "mail",
                _place(
                    f"{settings.smtp_host or 'localhost'}:{settings.smtp_port}",
                    is_emulator=emulators.smtp is not None,
                ),
            ),
            ("videos", _place(videos, is_emulator=emulators.objects is not None)),
            ("Claude", _place(settings.claude_url, is_emulator=emulators.claude is not None)),
        ],
    )
    if emulators.justtcg:
        echo(f"[dim]the emulator of JustTCG accepts the keys {', '.join(EMULATOR_KEYS.values())}[/]")
    if emulators.smtp:
        echo(f"[dim]the mails that arrive are in {escape(str(settings.state_dir / MAILS))}[/]")
    if emulators.objects:
        request = json.dumps(video_to_try().model_dump(mode="json", exclude_defaults=True))
        echo("a video to try, in a second terminal:")
        echo(f"  mainspring run process-video --input '{escape(request)}'")


def _place(address: str, *, is_emulator: bool) -> str:
    return escape(address) + (" (emulator)" if is_emulator else "")
