"""How long a caller waits for Temporal: what was committed is safe, and the relay does the rest."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import structlog

from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.commits import after_commits, set_off

log = structlog.get_logger(__name__)

# At the end of a service what is under way is given up after so much silence, where Temporal has not answered
# yet. To connect takes four or five times as long as an answer (a name, TCP, TLS): a second is enough for a
# Temporal 200 ms away, whose start would otherwise wait for the relay.
UNTIL_CONNECTED = timedelta(seconds=1)

# A Temporal that has answered is given up after the patience of callers, or after so many times what its last
# answer took, if that is more: it may be only far away.
TIMES_ITS_LAST_ANSWER = 2

# How often to look whether Temporal is silent.
LOOK = timedelta(milliseconds=10)


async def unless_silent(work: Coroutine[Any, Any, None], temporal: TemporalGateway) -> None:
    """Do work that tells Temporal something, and leave it to itself once Temporal is silent for too long.

    While Temporal answers, however many calls there are, the caller waits for all of them.
    """
    task = set_off(work)
    while not task.done() and temporal.silence < temporal.patience:
        await asyncio.wait({task}, timeout=LOOK.total_seconds())
    if task.done():
        task.result()
    else:
        task.add_done_callback(_note_failure)


async def leave(temporal: TemporalGateway) -> None:
    """Wait until what commits have set off is done; what a silent Temporal holds up is given up."""
    ending = asyncio.ensure_future(after_commits())
    while not ending.done():
        await asyncio.wait({ending}, timeout=LOOK.total_seconds())
        if temporal.silence >= _until_given_up(temporal):
            temporal.give_up()
    ending.result()


def _until_given_up(temporal: TemporalGateway) -> timedelta:
    took = temporal.answered_within
    enough = UNTIL_CONNECTED if took is None else min(TIMES_ITS_LAST_ANSWER * took, UNTIL_CONNECTED)
    return max(enough, temporal.patience)


def _note_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("left to the relay", error=str(error))
