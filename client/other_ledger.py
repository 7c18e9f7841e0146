"""A client whose ledger is not the one that Temporal's workers work for would wait for ever for its tasks."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from temporalio.client import Client
from temporalio.service import RPCError

from mainspring.client.errors import OtherLedger
from mainspring.client.tasks.availability import PATIENCE
from mainspring.config.health import recent_workers
from mainspring.config.settings import Settings
from mainspring.gateways.errors import GatewayError
from mainspring.gateways.temporal import TemporalGateway
from mainspring.gateways.temporal.identity import ledger_of
from mainspring.storage.database import Database
from mainspring.storage.errors import READ_ERRORS
from mainspring.storage.ledger_id import ledger_id
from mainspring.storage.schema_version import is_current

# So long nothing is asked again after nobody was there to say a ledger: no Temporal, or no worker.
UNKNOWN_FOR = timedelta(seconds=10)


class LedgerCheck:
    """Compares the ledger with those that the workers on the task queue work for, until they are the same."""

    def __init__(
        self, database: Database, temporal: TemporalGateway, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._database = database
        self._temporal = temporal
        self._seconds = seconds
        self._is_same = False
        self._asking: asyncio.Task[set[UUID]] | None = None
        self._ask_at = float("-inf")

    async def refuse_other(self, patience: timedelta | None = None) -> None:
        """Ask, and wait for an answer for `patience`, that of the gateway if not given.

        An answer that comes later is heeded the next time. While Temporal is away, or no worker has asked for
        work lately, nothing is refused.
        Raises OtherLedger: when all of the workers work for another ledger.
        """
        if self._is_same or (self._asking is None and self._seconds() < self._ask_at):
            return
        asking = self._asking = self._asking or asyncio.create_task(_ledgers(self._temporal))
        patience = self._temporal.patience if patience is None else patience
        await asyncio.wait({asking}, timeout=patience.total_seconds())
        if asking.done():
            self._asking = None
            await self._heed(asking.result())

    async def _heed(self, theirs: set[UUID]) -> None:
        if not theirs:
            self._ask_at = self._seconds() + UNKNOWN_FOR.total_seconds()
            return
        own = await self._database.read(ledger_id)
        if own not in theirs:
            raise OtherLedger(own, next(iter(theirs)))
        self._is_same = True


async def refuse_other_ledger(settings: Settings, client: Client) -> None:
    """Do the same for the ledger of the settings, once; nothing is refused where there is none.

    Raises OtherLedger: when all of the workers work for another ledger.
    """
    if settings.database_url is None and not settings.database_file.exists():
        return
    database = Database(settings.resolved_database_url)
    try:
        if await is_current(database):
            await LedgerCheck(database, TemporalGateway(client, settings.task_queue)).refuse_other(PATIENCE)
    except READ_ERRORS:
        return
    finally:
        await database.dispose()


async def _ledgers(temporal: TemporalGateway) -> set[UUID]:
    try:
        known = [ledger_of(each.identity) for each in await recent_workers(temporal)]
    except (GatewayError, RPCError):
        return set()
    return {each for each in known if each is not None}
