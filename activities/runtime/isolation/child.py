"""What runs in a process of its own: one activity after the other, each with nothing beside it."""

import asyncio
import ctypes
import gc
import inspect
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ActivityOutboundInterceptor, ExecuteActivityInput

from mainspring.activities.runtime.assembly import MARK
from mainspring.activities.runtime.interceptor import ActivityCare
from mainspring.activities.runtime.isolation.frames import (
    Cancel,
    Cancelled,
    Failed,
    Heartbeat,
    Ready,
    Returned,
    Run,
)
from mainspring.gateways.frames import receive, send
from mainspring.gateways.temporal.converter import data_converter

PR_SET_PDEATHSIG = 1  # linux/prctl.h

# Opens what a worker has, by the order that the worker has sent: the activities, and what is put around them.
Open = Callable[[Any], AbstractAsyncContextManager[tuple[Sequence[Callable[..., Any]], ActivityCare]]]


class Root(ActivityInboundInterceptor):
    """Calls the activity itself."""

    def __init__(self) -> None:
        """There is nothing behind this one."""

    def init(self, outbound: ActivityOutboundInterceptor) -> None:
        """Pass nothing on."""

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002  # temporalio's name
        """Call it, one that is no coroutine in a thread."""
        if inspect.iscoroutinefunction(input.fn):
            return await input.fn(*input.args)
        return await asyncio.to_thread(input.fn, *input.args)


class Unheard(ActivityOutboundInterceptor):
    """The way out of the process: the worker itself tells Temporal that the activity lives."""

    def __init__(self) -> None:
        """There is nothing behind this one."""

    def heartbeat(self, *details: Any) -> None:
        """Tell nobody."""


def die_with_parent() -> None:
    """Have this process end with the one that started it, and only then: signals are meant for that one."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    if sys.platform == "linux":  # elsewhere the socket's end has to do
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def fork_nursery(open_activities: Open) -> socket.socket:
    """Begin a nursery as a fork of this process, which has no thread yet; return the way there."""
    ours, theirs = socket.socketpair()
    if os.fork() == 0:
        ours.close()
        try:
            serve_forks(theirs.detach(), open_activities)
        finally:
            os._exit(0)
    theirs.close()
    return ours


def serve_forks(descriptor: int, open_activities: Open) -> None:
    """Fork an isolated process for each socket that the worker sends, until the worker is gone."""
    die_with_parent()
    # Nobody waits for the forks: their sockets tell of their end.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    gc.freeze()  # so that the forks share what is loaded
    control = socket.socket(fileno=descriptor)
    for asked in forks_asked_for(control):
        control.close()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        die_with_parent()
        try:
            asyncio.run(_serve_isolated(asked, open_activities))
        finally:
            os._exit(1)


def forks_asked_for(control: socket.socket, fork: Callable[[], int] | None = None) -> Iterator[int]:
    """Fork for each socket that comes through `control`; give that socket, in the fork only."""
    while True:
        message, (*sockets,), _, _ = socket.recv_fds(control, 1, 1)
        if not message:
            return
        try:
            if (fork or os.fork)() == 0:
                yield sockets[0]
        except OSError:  # such as no memory: the worker hears of it, and the forks need this process
            pass
        finally:
            os.close(sockets[0])


async def _serve_isolated(descriptor: int, open_activities: Open) -> None:
    reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=descriptor))
    order = await receive(reader)
    if order is None:
        return
    async with open_activities(order) as (activities, care):
        named = {getattr(each, MARK).name: each for each in activities}
        send(writer, Ready(os.getpid()))
        inbound = care.intercept_activity(Root())
        inbound.init(Unheard())
        await _serve(reader, writer, named, inbound)
        os._exit(0)  # the worker is gone, and with it whoever could wait for an end in order


async def _serve(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    named: Mapping[str, Callable[..., Any]],
    care: ActivityInboundInterceptor,
) -> None:
    environment = ActivityEnvironment()
    running: asyncio.Task[None] | None = None
    while (frame := await receive(reader)) is not None:
        if isinstance(frame, Run):
            environment = ActivityEnvironment()
            environment.info = frame.info
            environment.on_heartbeat = lambda *details: send(writer, Heartbeat(details))
            environment.payload_converter = data_converter.payload_converter
            running = asyncio.create_task(_answer(environment, named, care, frame, writer))
        elif isinstance(frame, Cancel):
            environment.cancel()
        else:
            environment.worker_shutdown()
    if running is not None:
        running.cancel()


async def _answer(
    environment: ActivityEnvironment,
    named: Mapping[str, Callable[..., Any]],
    care: ActivityInboundInterceptor,
    run: Run,
    writer: asyncio.StreamWriter,
) -> None:
    try:
        call = ExecuteActivityInput(named[run.info.activity_type], run.arguments, None, {})
        send(writer, Returned(await environment.run(care.execute_activity, call)))
    except ApplicationError as error:
        send(writer, Failed.of(error))
    except asyncio.CancelledError:
        send(writer, Cancelled())
    except Exception as error:  # noqa: BLE001  # such as a result that is no value of its own
        send(writer, Failed.of(ApplicationError(str(error), type=type(error).__name__)))
