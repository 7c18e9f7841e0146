"""How long a caller waits for Temporal: what was committed is safe, and the relay does the rest."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import structlog

from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.commits import after_commits, set_off

log = structlog.get_logger(__name__)

# At the end of a service what is under way is given up after this silence. A start that is only slow would
# wait for the relay.
UNTIL_GIVEN_UP = timedelta(milliseconds=500)

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
        if temporal.silence >= max(UNTIL_GIVEN_UP, temporal.patience):
            temporal.give_up()
    ending.result()


def _note_failure(task: "asyncio.Task[None]") -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("left to the relay", error=str(error))
