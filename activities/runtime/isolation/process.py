"""A process that runs one activity at a time, seen from the worker that has started it."""

import asyncio
import contextlib
import socket
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Self

import structlog
from temporalio import activity

from mainspring.activities.runtime.isolation.frames import (
    Cancel,
    Cancelled,
    Failed,
    Ready,
    Returned,
    Run,
    ShuttingDown,
    receive,
    send,
)

log = structlog.get_logger(__name__)

# An activity that was cancelled and has not ended by then is ended with its process.
CANCELLED_WITHIN = timedelta(seconds=10)


class Died(Exception):
    """The process has ended without a word, by itself or by somebody else."""


class IsolatedProcess:
    """One process. It ends when the worker closes the socket between them, also by the worker's own end."""

    def __init__(self, process: asyncio.subprocess.Process, streams: "Streams") -> None:
        self._process = process
        self._reader, self._writer = streams

    @classmethod
    async def start(cls, command: Sequence[str], order: object) -> Self:
        """Start a process with `command` and the number of a socket, and send it `order`.

        Died: when it ends before it is ready.
        """
        ours, theirs = socket.socketpair()
        with theirs:
            process = await asyncio.create_subprocess_exec(
                *command,
                str(theirs.fileno()),
                stdin=asyncio.subprocess.DEVNULL,
                pass_fds=(theirs.fileno(),),
            )
        started = cls(process, await asyncio.open_connection(sock=ours))
        try:
            send(started._writer, order)
            is_ready = isinstance(await receive(started._reader), Ready)
        except BaseException:
            await started.end()
            raise
        if not is_ready:
            raise Died(f"its exit code is {await process.wait()}")
        return started

    async def run(self, info: activity.Info, arguments: Sequence[Any]) -> Any:
        """Run an activity there: its result, its ApplicationError or its cancellation is this call's.

        The activity's heartbeats are the caller's business. Died: when the process ends meanwhile.
        """
        send(self._writer, Run(info, tuple(arguments)))
        warning = asyncio.create_task(self._warn())
        answering = asyncio.create_task(receive(self._reader))
        try:
            answer = await asyncio.shield(answering)
        except asyncio.CancelledError:
            send(self._writer, Cancel(is_shutdown=activity.is_worker_shutdown()))
            await asyncio.wait({answering}, timeout=CANCELLED_WITHIN.total_seconds())
            if not answering.done():
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
        raise Died(f"its exit code is {await self._process.wait()}")

    async def _warn(self) -> None:
        await activity.wait_for_worker_shutdown()
        send(self._writer, ShuttingDown())

    @property
    def is_alive(self) -> bool:
        """Whether it can be given another activity."""
        return self._process.returncode is None and not self._reader.at_eof()

    async def end(self) -> None:
        """End it; harmless when it has ended."""
        self._writer.close()
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
