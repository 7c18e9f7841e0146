"""What a worker makes of the end of an isolated process: the test plays the process at the other end."""

import asyncio
import socket
from datetime import timedelta

import pytest
from temporalio.testing import ActivityEnvironment

from mainspring.activities.runtime.isolation.frames import Cancel, Run, receive
from mainspring.activities.runtime.isolation.process import IsolatedProcess

# No process has this number: who kills it meets nobody.
NOBODY = 2**31 - 1


async def test_a_cancelled_activity_that_does_not_end_is_cancelled_with_its_process() -> None:
    """The worker gives up reading its answer before it reads to the process's end."""
    ours, theirs = socket.socketpair()
    process = IsolatedProcess(NOBODY, *await asyncio.open_connection(sock=ours), cancelled_within=timedelta())
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
