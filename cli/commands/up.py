"""Run everything until Ctrl-C: Temporal, its Web UI, the database and the worker."""

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
    from mainspring.cli.stack import Stack
    from mainspring.config.settings import Settings


def up(
    *,
    emulators: Annotated[
        bool,
        typer.Option("--emulators", "--sandbox", help="Emulate the services that no key is set for."),
    ] = False,
) -> None:
    """Run everything until Ctrl-C: Temporal, its Web UI, the database and the worker.

    MAINSPRING_ENGINE_PORT (7233) and MAINSPRING_UI_PORT (8233) are its ports, 0 takes a free one;
    MAINSPRING_STATE_DIR (./var) is where its data are.
    """
    from mainspring.cli.stack import running_stack
    from mainspring.cli.worker_process import serve_in_a_process
    from mainspring.config.signals import stop_on_signals

    async def work(settings: Settings) -> None:
        settings.make_state_dir()
        stop = stop_on_signals()
        async with running_stack(settings, serve_in_a_process, stop, emulated=emulators) as stack:
            _show(stack)
            await asyncio.wait({stack.work, asyncio.create_task(stop.wait())}, return_when="FIRST_COMPLETED")
            echo("stopping")
        stack.work.result()

    settled(work)


def _show(stack: Stack) -> None:
    settings, emulators = stack.settings, stack.emulators
    videos = emulators.videos_url or settings.resolved_store_url
    show_table(
        ("Mainspring is up; Ctrl-C stops it", ""),
        [
            ("Temporal Web UI", stack.temporal.ui_url),
            ("Temporal", stack.temporal.address),
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
