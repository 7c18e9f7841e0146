"""Writing what only this process knows: an outage of the database makes it forget nothing."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import TypeVar

import structlog

from mainspring.storage.errors import DatabaseAway

T = TypeVar("T")

# A database that restarts is back in a second or two. One that is away longer is asked twelve times a minute.
FIRST_DELAY = timedelta(milliseconds=100)
LONGEST_DELAY = timedelta(seconds=5)

log = structlog.get_logger(__name__)


async def outlast(write: Callable[[], Awaitable[T]]) -> T:
    """Return what `write` returns, which is called until the database is there.

    `write` is one transaction, and does no harm when it is called again after a commit whose answer was lost.
    The end of the activity's time, or of its worker, ends the waiting.
    """
    delay = FIRST_DELAY
    while True:
        try:
            return await write()
        except DatabaseAway as error:
            log.warning("what was done waits to be written", error=str(error), again_in=delay.total_seconds())
        await asyncio.sleep(delay.total_seconds())
        delay = min(2 * delay, LONGEST_DELAY)
