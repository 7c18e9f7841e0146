"""What keeps every task from going on: no Temporal, or no worker. A look that never takes long."""

import asyncio
from datetime import timedelta

from temporalio.service import RPCError

from mainspring.config.connect import TemporalUnreachable, connect
from mainspring.config.health import recent_workers
from mainspring.config.settings import Settings
from mainspring.gateways.errors import GatewayError
from mainspring.gateways.temporal import TemporalGateway
from mainspring.gateways.temporal.identity import ledger_of

# Whoever looks at the ledger has it before them already: this is said if it is known at once.
PATIENCE = timedelta(seconds=2)

ENGINE_AWAY = (
    "Temporal is away: Temporal does not answer, and tasks go on when it is back; "
    "`mainspring up` starts the embedded one, `mainspring doctor` says more"
)
NO_WORKER = "no worker asks for work: start `mainspring up` or `mainspring worker`"


async def unregistered_workers(settings: Settings) -> int:
    """Return how many workers ask Temporal for work that keep no row in the ledger: those of 0.1."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            client = await connect(settings, lazy=True)
            asking = await recent_workers(TemporalGateway(client, settings.task_queue))
    except (TemporalUnreachable, GatewayError, RPCError, TimeoutError):
        return 0
    return sum(ledger_of(each.identity) is None for each in asking)


async def availability(temporal: TemporalGateway) -> str | None:
    """Return why no task goes on just now, if that is so."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            workers = await recent_workers(temporal)
    except (GatewayError, RPCError, TimeoutError):
        return ENGINE_AWAY
    return None if workers else NO_WORKER
