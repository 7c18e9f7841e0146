"""A container's health check: whether the worker on this machine asks Temporal for work. Run as a module."""

import asyncio
import os
import socket
import sys
from datetime import UTC, datetime, timedelta

from mainspring.config.connect import TemporalUnreachable, connect
from mainspring.config.settings import Settings
from mainspring.gateways.temporal import RPC_TIMEOUT, AskingWorker, TemporalGateway

# A worker that waits for work asks anew each minute; a second minute covers a slow answer.
RECENT = timedelta(minutes=2)


async def recent_workers(temporal: TemporalGateway) -> list[AskingWorker]:
    """Return the workers that asked for work recently: Temporal names one for minutes after its end."""
    since = datetime.now(UTC) - RECENT
    return [worker for worker in await temporal.workers() if worker.asked_at > since]


async def is_polling(temporal: TemporalGateway, host: str) -> bool:
    """Return whether a worker on `host` asked for workflow tasks recently."""
    return any(worker.identity.endswith(f"@{host}") for worker in await recent_workers(temporal))


async def _check() -> int:
    settings = Settings.load()
    try:
        client = await connect(settings, timeout=RPC_TIMEOUT)
    except TemporalUnreachable as error:
        print(error, file=sys.stderr)  # noqa: T201  # docker inspect shows it
        return 1
    return 0 if await is_polling(TemporalGateway(client, settings.task_queue), socket.gethostname()) else 1


if __name__ == "__main__":
    code = asyncio.run(_check())
    sys.stderr.flush()
    os._exit(code)  # a live client can abort an ordinary exit
