"""What a worker makes of the end of an isolated process: the test plays the process at the other end."""

import asyncio
import socket
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from mainspring.activities.runtime.isolation import Died, Isolation, NoProcess
from mainspring.activities.runtime.isolation.child import forks_asked_for
from mainspring.activities.runtime.isolation.frames import Cancel, Ready, Run
from mainspring.activities.runtime.isolation.process import IsolatedProcess
from mainspring.gateways.frames import receive, send

# No process has this number: who kills it meets nobody.
NOBODY = 2**31 - 1


@pytest.mark.parametrize(("ends_with_nursery", "expected"), [(False, Died), (True, NoProcess)])
async def test_a_process_that_ends_with_all_others_was_not_killed_by_its_task(
    ends_with_nursery: bool, expected: type[Exception]
) -> None:
    """The nursery takes its forks along: that says nothing about any task."""
    ours, nursery = socket.socketpair()
    environment = ActivityEnvironment()
    async with Isolation([], "order", ours) as isolation:
        running = asyncio.ensure_future(environment.run(isolation.run, environment.info, ()))
        _, (theirs,), _, _ = await asyncio.to_thread(socket.recv_fds, nursery, 1, 1)
        reader, writer = await asyncio.open_connection(sock=socket.socket(fileno=theirs))
        assert "order" == await receive(reader)
        send(writer, Ready(NOBODY))
        assert isinstance(await receive(reader), Run)
        if ends_with_nursery:
            nursery.close()
        writer.close()

        with pytest.raises(expected):
            await running
    nursery.close()


def test_a_nursery_that_cannot_fork_goes_on() -> None:
    """Its forks would end with it. Who has asked for another one hears that there is none."""
    ours, control = socket.socketpair()
    asking, asked = socket.socketpair()

    def fork() -> int:
        raise BlockingIOError

    with ours, control, asking:
        with asked:
            socket.send_fds(ours, [b"."], [asked.fileno()])
        ours.shutdown(socket.SHUT_WR)

        assert [] == list(forks_asked_for(control, fork))
        assert b"" == asking.recv(1)


async def test_a_cancelled_activity_that_does_not_end_is_cancelled_with_its_process() -> None:
    """The worker gives up reading its answer before it reads to the process's end."""
    ours, theirs = socket.socketpair()
    process = IsolatedProcess(
        NOBODY, *await asyncio.open_connection(sock=ours), ours, cancelled_within=timedelta()
    )
    reader, writer = await asyncio.open_connection(sock=theirs)
    environment = ActivityEnvironment()

    running = asyncio.ensure_future(environment.run(process.run, environment.info, ()))
    assert isinstance(await receive(reader), Run)
    running.cancel()
    assert isinstance(await receive(reader), Cancel)
    writer.write(b"\0")  # the begin of a frame
    writer.close()

    with pytest.raises(asyncio.CancelledError):
        await running
