"""A client whose ledger is not the one that Temporal's workers work for would wait for ever for its tasks."""

import asyncio
from uuid import UUID

from temporalio.service import RPCError

from mainspring.client.errors import OtherLedger
from mainspring.client.tasks.availability import PATIENCE
from mainspring.config.health import recent_workers
from mainspring.gateways.errors import GatewayError
from mainspring.gateways.temporal import TemporalGateway
from mainspring.gateways.temporal.identity import ledger_of
from mainspring.storage.database import Database
from mainspring.storage.ledger_id import ledger_id


async def refuse_other_ledger(database: Database, temporal: TemporalGateway) -> None:
    """Compare the ledger with those that the workers on the task queue work for.

    While Temporal is away, or no worker has asked for work lately, nothing is refused.
    Raises OtherLedger: when all of the workers work for another ledger.
    """
    own = await database.read(ledger_id)
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            theirs = await _ledgers(temporal)
    except (GatewayError, RPCError, TimeoutError):
        return
    if theirs and own not in theirs:
        raise OtherLedger(own, next(iter(theirs)))


async def _ledgers(temporal: TemporalGateway) -> set[UUID]:
    known = [ledger_of(each.identity) for each in await recent_workers(temporal)]
    return {each for each in known if each is not None}
