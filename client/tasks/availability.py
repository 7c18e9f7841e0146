"""What keeps every task from going on: no Temporal, or no worker. A look that never takes long."""

import asyncio
from datetime import timedelta

from temporalio.service import RPCError

from mainspring.config.health import recent_workers
from mainspring.gateways.errors import GatewayError
from mainspring.gateways.temporal import TemporalGateway

# Whoever looks at the ledger has it before them already: this is said if it is known at once.
PATIENCE = timedelta(seconds=2)

ENGINE_AWAY = (
    "Temporal is away: Temporal does not answer, and tasks go on when it is back; "
    "`mainspring up` starts the embedded one, `mainspring doctor` says more"
)
NO_WORKER = "no worker asks for work: start `mainspring up` or `mainspring worker`"


async def availability(temporal: TemporalGateway) -> str | None:
    """Return why no task goes on just now, if that is so."""
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            workers = await recent_workers(temporal)
    except (GatewayError, RPCError, TimeoutError):
        return ENGINE_AWAY
    return None if workers else NO_WORKER
