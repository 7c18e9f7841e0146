"""Running an emulator as a process of its own: `python -m mainspring.emulators.X`."""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Callable

from mainspring.emulators.base import Emulator
from mainspring.emulators.http import ControlServer, HttpEmulator

Make = Callable[[argparse.Namespace], Emulator]


def options_of(name: str, description: str | None) -> argparse.ArgumentParser:
    """Return the options that every emulator has; each adds its own."""
    parser = argparse.ArgumentParser(prog=f"python -m mainspring.emulators.{name}", description=description)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    return parser


def run_alone(options: argparse.ArgumentParser, make: Make, path: str = "") -> None:
    """Serve until interrupted, and print the address of `path`.

    An emulator that speaks no HTTP has its control routes at an address of their own: the second line.
    """
    chosen = options.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(make(chosen), path))


async def _serve(emulator: Emulator, path: str) -> None:
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(emulator)
        lines = [f"{emulator.address}{path}"]
        if not isinstance(emulator, HttpEmulator):
            lines.append((await stack.enter_async_context(ControlServer(emulator))).control_url)
        sys.stdout.write("\n".join([*lines, ""]))
        sys.stdout.flush()
        await emulator.wait()
