"""Waiting for what another process or task does, when nothing tells that it is done."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

# No test waits longer for anything. It says that something is never going to happen, not how long it takes:
# a machine that is busy with other things as well stays below it.
PATIENCE_SECONDS = 90.0
POLL_SECONDS = 0.02
# What takes a while is looked at less often: after this share of the time that has passed, 0.2 s at most.
POLL_SHARE = 0.1
LONGEST_POLL_SECONDS = 0.2


async def eventually(look: Callable[[], Awaitable[T]], is_so: Callable[[T], bool]) -> T:
    """Look again and again until what is seen is as wished, and return what was seen.

    Raises TimeoutError: when that does not happen within 90 seconds.
    """
    began = time.monotonic()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so(seen := await look()):  # what happens elsewhere sets no event here
            share = (time.monotonic() - began) * POLL_SHARE
            await asyncio.sleep(min(max(POLL_SECONDS, share), LONGEST_POLL_SECONDS))
    return seen
