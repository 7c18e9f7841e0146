"""Waiting for what another process or task does, when nothing tells that it is done."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

# No test waits longer for anything; a slow machine is far below it.
PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.01


async def eventually(look: Callable[[], Awaitable[T]], is_so: Callable[[T], bool]) -> T:
    """Look again and again until what is seen is as wished, and return it; TimeoutError if it never is."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so(seen := await look()):  # noqa: ASYNC110  # what happens elsewhere sets no event here
            await asyncio.sleep(POLL_SECONDS)
    return seen
