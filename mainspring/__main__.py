"""The command line: `mainspring`, or `python -m mainspring`."""

import asyncio
import gc
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from temporalio.client import Client

    from mainspring.config.settings import Settings


async def _serve(settings: "Settings", temporal_client: "Client", stop: asyncio.Event) -> None:
    # Only `up`, `worker` and `demo` work themselves; the other commands need not load the worker.
    from mainspring import worker  # noqa: PLC0415

    await worker.serve(settings, temporal_client, stop)


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
    run_command_line(_serve)


if __name__ == "__main__":
    main()
