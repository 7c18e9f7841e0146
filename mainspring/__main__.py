"""The command line: `mainspring`, or `python -m mainspring`."""

import asyncio
import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import socket

    from temporalio.client import Client

    from mainspring.config.settings import Settings


class _Worker:
    # Only `worker` and `demo` work themselves; the other commands need not load the worker.
    _nursery: "socket.socket | None" = None

    def get_ready(self) -> None:
        from mainspring import worker  # noqa: PLC0415

        self._nursery = worker.nursery()

    async def __call__(self, settings: "Settings", client: "Client", stop: asyncio.Event) -> None:
        from mainspring import worker  # noqa: PLC0415

        await worker.serve(settings, client, stop, self._nursery)


def main() -> None:
    """Run one command and end the process with its exit code."""
    if sys.argv[1:] == ["--version"]:
        # Whoever asks for no more waits for nothing else to be loaded.
        from mainspring.cli.version import show_version  # noqa: PLC0415

        show_version()
        return
    # Nothing that is loaded becomes garbage: to look for it meanwhile is a tenth of a command's time.
    gc.disable()
    from mainspring.cli.app import run_command_line  # noqa: PLC0415

    gc.freeze()
    gc.enable()
    run_command_line(_Worker())


if __name__ == "__main__":
    main()
