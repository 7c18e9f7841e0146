"""This worker's entry among the workers that run, and whether another one has died."""

import asyncio
import contextlib
from datetime import timedelta
from types import TracebackType
from typing import Self
from uuid import UUID, uuid4

import structlog

from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database
from mainspring.storage.errors import DatabaseAway
from mainspring.storage.workers import WorkerRegister

log = structlog.get_logger(__name__)

SAY_EVERY = timedelta(seconds=3)
# A worker that says nothing for so long is dead, or as good as that. Temporal gives another attempt to
# somebody else 10 s after the last heartbeat.
SILENT_WHEN_DEAD = timedelta(seconds=8)
SILENT_WHEN_IT_SEEMS_DEAD = timedelta(seconds=4)
# An attempt is not given up in so short a time after its worker's death.
SURELY_ALIVE = timedelta(seconds=1)


class Registered:
    """One worker process, which says every few seconds that it runs, from `async with` until it stops."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.id = uuid4()
        self._database, self._clock = database, clock
        self._saying: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self._say()
        await self._database.transact(lambda session: WorkerRegister(session).forget(now=self._clock.now()))
        self._saying = asyncio.create_task(self._say_again())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Say that the worker stops: what it leaves behind did not kill it. Harmless a second time."""
        if self._saying is None:
            return
        self._saying.cancel()
        await asyncio.wait({self._saying})
        self._saying = None
        with contextlib.suppress(DatabaseAway):
            await self._database.transact(lambda session: WorkerRegister(session).leave(self.id))

    async def has_died(self, worker: UUID) -> bool:
        """Whether a worker has died; one that was told to stop, or only lost its connections, has not."""
        if worker == self.id:
            return False
        silent = await self._silent(worker)
        if silent is not None and SURELY_ALIVE <= silent < SILENT_WHEN_DEAD:
            # Either it says more by then, or it is dead.
            await asyncio.sleep((SILENT_WHEN_DEAD - silent).total_seconds())
            silent = await self._silent(worker)
        return silent is not None and silent >= SILENT_WHEN_DEAD

    async def another_seems_dead(self) -> bool:
        """Whether a worker has died just now: what it ran will soon be given to somebody else."""
        for silent in await self._others():
            await asyncio.sleep(max(0.0, (SILENT_WHEN_IT_SEEMS_DEAD - silent).total_seconds()))
        return any(silent >= SILENT_WHEN_IT_SEEMS_DEAD for silent in await self._others())

    async def _others(self) -> list[timedelta]:
        return await self._database.read(
            lambda session: WorkerRegister(session).others(self.id, now=self._clock.now())
        )

    async def _silent(self, worker: UUID) -> timedelta | None:
        return await self._database.read(
            lambda session: WorkerRegister(session).silent_for(worker, now=self._clock.now())
        )

    async def _say_again(self) -> None:
        while True:
            await asyncio.sleep(SAY_EVERY.total_seconds())
            try:
                await self._say()
            except DatabaseAway as error:
                log.warning("the worker cannot say that it runs", error=str(error))

    async def _say(self) -> None:
        await self._database.transact(
            lambda session: WorkerRegister(session).say(self.id, now=self._clock.now())
        )
