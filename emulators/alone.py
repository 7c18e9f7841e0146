"""Running an emulator as a process of its own: `python -m mainspring.emulators.X`."""

import argparse
import asyncio
import contextlib
import sys
from collections.abc import Callable

from mainspring.emulators.base import Emulator

Make = Callable[[argparse.Namespace], Emulator]


def options_of(name: str, description: str | None) -> argparse.ArgumentParser:
    """Return the options that every emulator has; each adds its own."""
    parser = argparse.ArgumentParser(prog=f"python -m mainspring.emulators.{name}", description=description)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    return parser


def run_alone(options: argparse.ArgumentParser, make: Make, path: str = "") -> None:
    """Serve until interrupted, and print the address of `path` for whoever reads this process's output."""
    chosen = options.parse_args()
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(make(chosen), path))


async def _serve(emulator: Emulator, path: str) -> None:
    async with emulator:
        sys.stdout.write(f"{emulator.address}{path}\n")
        sys.stdout.flush()
        await emulator.wait()
