"""Keeping a writer of SQLite from starving.

SQLite lets in one of those that ask for its write lock, in no order: of 25 that wrote without a pause, one
has waited for ten seconds. Turns in order would cost most of the throughput; so the others are held back only
once somebody has waited for long.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

# Who has waited for so long goes before all who have not asked yet.
LONG = timedelta(seconds=1)


class Turnstile:
    """The writers of one process."""

    def __init__(self) -> None:
        self._starving = 0
        self._open = asyncio.Event()
        self._open.set()

    @asynccontextmanager
    async def passing(self) -> AsyncIterator[None]:
        """Let a writer ask for the lock, which the writer has at the end of the block."""
        await self._open.wait()
        starved: list[bool] = []

        def starve() -> None:
            starved.append(True)
            self._starving += 1
            self._open.clear()

        waiting = asyncio.get_running_loop().call_later(LONG.total_seconds(), starve)
        try:
            yield
        finally:
            waiting.cancel()
            self._starving -= len(starved)
            if not self._starving:
                self._open.set()
