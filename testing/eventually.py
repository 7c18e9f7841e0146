"""Waiting for what another process or task does, when nothing tells that it is done."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

# No test waits longer for anything. It says that something is never going to happen, not how long it takes:
# a machine that is busy with other things as well stays below it.
PATIENCE_SECONDS = 90.0
POLL_SECONDS = 0.01


async def eventually(look: Callable[[], Awaitable[T]], is_so: Callable[[T], bool]) -> T:
    """Look again and again until what is seen is as wished, and return what was seen.

    Raises TimeoutError: when that does not happen within 90 seconds.
    """
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so(seen := await look()):  # noqa: ASYNC110  # what happens elsewhere sets no event here
            await asyncio.sleep(POLL_SECONDS)
    return seen
