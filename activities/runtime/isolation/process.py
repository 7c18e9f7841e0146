"""A process that runs one activity at a time, seen from the worker that has started it."""

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, Self

import structlog
from temporalio import activity

from mainspring.activities.runtime.isolation.frames import (
    Cancel,
    Cancelled,
    Failed,
    Heartbeat,
    Ready,
    Returned,
    Run,
    ShuttingDown,
)
from mainspring.gateways.frames import receive, send

log = structlog.get_logger(__name__)

# An activity that was cancelled and has not ended by then is ended with its process.
CANCELLED_WITHIN = timedelta(seconds=10)


# Gets the details of a heartbeat.
Heard = Callable[..., None]


class Died(Exception):
    """The process has ended without a word, by itself or by somebody else."""


class IsolatedProcess:
    """One process, at the other end of a socket. It ends when the worker closes that, also by its own end."""

    def __init__(
        self,
        pid: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        nursery: socket.socket,
        *,
        cancelled_within: timedelta = CANCELLED_WITHIN,
    ) -> None:
        self._pid = pid
        self._reader, self._writer = reader, writer
        self._nursery = nursery
        self._cancelled_within = cancelled_within

    @classmethod
    async def at(cls, ours: socket.socket, order: object, nursery: socket.socket) -> Self:
        """Send `order` to a fork of the process behind `nursery`, and return the fork when it is ready.

        Died: when it ends before.
        """
        reader, writer = await asyncio.open_connection(sock=ours)
        try:
            send(writer, order)
            ready = await receive(reader)
        except BaseException:
            writer.close()
            raise
        if not isinstance(ready, Ready):
            writer.close()
            raise Died(Died.__doc__)
        return cls(ready.pid, reader, writer, nursery)

    async def run(self, info: activity.Info, arguments: Sequence[Any], heard: Heard | None = None) -> Any:
        """Run an activity there: its result, its ApplicationError or its cancellation is this call's.

        `heard` gets the details of heartbeats that the activity sends itself; the others are the caller's
        business. Died: when the process ends meanwhile.
        """
        send(self._writer, Run(info, tuple(arguments)))
        warning = asyncio.create_task(self._warn())
        answering = asyncio.create_task(self._answer(heard))
        try:
            answer = await asyncio.shield(answering)
        except asyncio.CancelledError:
            send(self._writer, Cancel())
            await asyncio.wait({answering}, timeout=self._cancelled_within.total_seconds())
            if not answering.done():
                answering.cancel()
                await asyncio.wait({answering})  # a stream has one reader at a time
                await self.end()
            raise
        finally:
            warning.cancel()
            answering.cancel()
        match answer:
            case Returned(result):
                return result
            case Failed():
                raise answer.error()
            case Cancelled():
                raise asyncio.CancelledError
        raise Died(Died.__doc__)

    async def _answer(self, heard: Heard | None) -> Any:
        while isinstance(frame := await receive(self._reader), Heartbeat):
            if heard is not None:
                heard(*frame.details)
        return frame

    async def _warn(self) -> None:
        await activity.wait_for_worker_shutdown()
        send(self._writer, ShuttingDown())

    @property
    def is_alive(self) -> bool:
        """Whether it can be given another activity."""
        return not self._reader.at_eof()

    @property
    def nursery_has_ended(self) -> bool:
        """Whether the process is gone of which this one is a fork, and so all forks of that one."""
        try:
            # A nursery says nothing: there is its end to read, or nothing.
            return not self._nursery.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except BlockingIOError:
            return False
        except OSError:  # closed at this end, which ends the nursery
            return True

    async def end(self) -> None:
        """End it; harmless when it has ended."""
        if self.is_alive:  # or else its number may be another process's
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)
            # What it has said before its end, which may begin in the midst of a frame.
            with contextlib.suppress(ConnectionError):
                await self._reader.read()
        self._writer.close()
