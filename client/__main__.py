"""The command line: `mainspring`, or `python -m client`."""

import asyncio
from typing import TYPE_CHECKING

from client.cli.app import run_command_line

if TYPE_CHECKING:
    from temporalio.client import Client

    from client.settings import Settings


async def _serve(settings: "Settings", temporal: "Client", stop: asyncio.Event) -> None:
    # Only `up`, `worker` and `demo` work themselves; the other commands need not load the worker.
    import worker  # noqa: PLC0415

    await worker.serve(settings, temporal, stop)


def main() -> None:
    """Run one command and end the process with its exit code."""
    run_command_line(_serve)


if __name__ == "__main__":
    main()
