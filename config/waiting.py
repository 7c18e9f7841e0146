"""Waiting for what a worker needs and cannot reach yet, and saying so."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog
from temporalio.client import Client

from mainspring.config.connect import TemporalUnreachable, connect, connect_config
from mainspring.config.settings import Settings
from mainspring.gateways.errors import TransientError
from mainspring.storage.errors import DatabaseAway

log = structlog.get_logger(__name__)

FIRST_PAUSE, LONGEST_PAUSE = timedelta(milliseconds=250), timedelta(seconds=5)

AWAY = (DatabaseAway, TemporalUnreachable, TransientError)


async def until_there(what: str, reach: Callable[[], Awaitable[object]], stop: asyncio.Event) -> bool:
    """Do what needs `what`, again and again while that is away; return False when told to stop first."""
    pause = FIRST_PAUSE
    while not stop.is_set():
        try:
            await reach()
        except AWAY as error:
            log.warning("waiting", until_there=what, error=str(error))
        else:
            return True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause.total_seconds())
        pause = min(2 * pause, LONGEST_PAUSE)
    return False


async def connected(settings: Settings, stop: asyncio.Event) -> Client | None:
    """Return a client of Temporal once that answers; None when told to stop first.

    Raises TemporalUnreachable: when the configuration leads nowhere.
    """
    connect_config(settings)
    clients: list[Client] = []

    async def reach() -> None:
        clients.append(await connect(settings))

    return clients[0] if await until_there("Temporal", reach, stop) else None
