"""The processes in which a worker tries suspected tasks: one task at a time in each."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Self

import structlog
from temporalio import activity

from mainspring.activities.runtime.isolation.nursery import Nursery
from mainspring.activities.runtime.isolation.process import Died, Heard, IsolatedProcess
from mainspring.contracts.retry import Retry

log = structlog.get_logger(__name__)

# So many suspects a worker tries at the same time, each in a process of its own.
TURNS = 4
# A suspect that has worked for so long gives up its turn and goes on: long tasks starve nobody.
LONGEST_TURN = timedelta(minutes=1)
# Long ones wait for each other only when so many are there: more could use up the machine's memory.
MOST_PROCESSES = 16
# A process that nobody needs any more is ended. The next suspect of a page comes at once.
IDLE_FOR = timedelta(seconds=10)


class NoProcess(Exception):
    """No process could be started in which to try the task alone."""

    retry = Retry.UNTIL_MENDED


class Isolation:
    """The processes of one worker, from `async with` to its end."""

    def __init__(self, command: Sequence[str], order: object, nursery: socket.socket | None = None) -> None:
        self._nursery = Nursery(command, order, nursery)
        self._turns = asyncio.Semaphore(TURNS)
        self._places = asyncio.Semaphore(MOST_PROCESSES)
        self._idle: list[IsolatedProcess] = []
        self._endings: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for ending in self._endings:
            ending.cancel()
        await asyncio.gather(*(process.end() for process in self._idle))
        self._nursery.close()

    async def run(self, info: activity.Info, arguments: Sequence[Any], heard: Heard | None = None) -> Any:
        """Run an activity with nothing beside it, as `IsolatedProcess.run` says; wait for a turn before.

        Died: when it killed its process. NoProcess: when there is none, or all have ended.
        """
        async with self._places, self._turn(), self._process() as process:
            try:
                return await process.run(info, arguments, heard)
            except Died as error:
                if process.nursery_has_ended:
                    raise NoProcess(NoProcess.__doc__) from error
                raise

    async def warm_up(self) -> None:
        """Be ready for suspects that are expected within some seconds. NoProcess: as `run`."""
        for process in await asyncio.gather(*(self._new_one() for _ in range(TURNS))):
            self._idle.append(process)
            self._end_later(process)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        await self._turns.acquire()
        ending = asyncio.get_running_loop().call_later(LONGEST_TURN.total_seconds(), self._turns.release)
        try:
            yield
        finally:
            if ending.when() > asyncio.get_running_loop().time():
                ending.cancel()
                self._turns.release()

    @asynccontextmanager
    async def _process(self) -> AsyncIterator[IsolatedProcess]:
        process = await self._idle_one() or await self._new_one()
        try:
            yield process
        except BaseException:
            await asyncio.shield(process.end())
            raise
        self._idle.append(process)
        self._end_later(process)

    async def _idle_one(self) -> IsolatedProcess | None:
        while self._idle:
            process = self._idle.pop()
            if process.is_alive:
                return process
            await process.end()
        return None

    async def _new_one(self) -> IsolatedProcess:
        try:
            return await self._nursery.new()
        except (Died, OSError) as error:  # which is no fault of the task's
            raise NoProcess(NoProcess.__doc__) from error

    def _end_later(self, process: IsolatedProcess) -> None:
        async def end() -> None:
            await asyncio.sleep(IDLE_FOR.total_seconds())
            if process in self._idle:
                self._idle.remove(process)
                await process.end()

        ending = asyncio.create_task(end())
        self._endings.add(ending)
        ending.add_done_callback(self._endings.discard)
