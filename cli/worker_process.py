"""The worker of `up`: a process of its own, which is started again when it dies."""

import asyncio
import contextlib
import socket
import sys
import time
from datetime import timedelta

import structlog
from temporalio.client import Client

from mainspring.config.order import Order
from mainspring.config.settings import Settings
from mainspring.gateways.frames import Ended, Stop, receive, send

log = structlog.get_logger(__name__)

COMMAND = (sys.executable, "-m", "mainspring.worker", "serve")

# What is under way has 10 s to come to its end; a worker that has not ended by then is ended.
ENDS_WITHIN = timedelta(seconds=20)

# A worker that dies again at once is started again later and later.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(milliseconds=100), timedelta(seconds=10)
LIVES_AT_LEAST = timedelta(seconds=30)


async def serve_in_a_process(settings: Settings, client: Client, stop: asyncio.Event) -> None:
    """Serve until `stop` is set, in one process after the other.

    Raises what ended a worker that could not work. One that just died is followed by another.
    """
    order, pause = Order.of(settings, client), FIRST_PAUSE
    while not stop.is_set():
        began = time.monotonic()
        code = await _serve(order, stop)
        if stop.is_set():
            return
        has_lived = time.monotonic() - began >= LIVES_AT_LEAST.total_seconds()
        pause = FIRST_PAUSE if has_lived else min(2 * pause, LONGEST_PAUSE)
        log.error("the worker has died, and is started again", exit_code=code, after=pause.total_seconds())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause.total_seconds())


async def _serve(order: Order, stop: asyncio.Event) -> int:
    """Run one process until it ends, and return its exit code."""
    ours, theirs = socket.socketpair()
    with theirs:
        process = await asyncio.create_subprocess_exec(
            *COMMAND, str(theirs.fileno()), stdin=asyncio.subprocess.DEVNULL, pass_fds=(theirs.fileno(),)
        )
    reader, writer = await asyncio.open_connection(sock=ours)
    try:
        send(writer, order)
        ending, stopping = asyncio.create_task(receive(reader)), asyncio.create_task(stop.wait())
        await asyncio.wait({ending, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        send(writer, Stop())
        await asyncio.wait({ending}, timeout=ENDS_WITHIN.total_seconds())
        ended = ending.result() if ending.done() else None
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        writer.close()
        code = await process.wait()
    if isinstance(ended, Ended) and ended.error is not None:
        raise ended.error
    return code
