"""A key that lasts as long as the program that has made it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta

import structlog

from mainspring.client.api_keys import ApiKeys, MadeKey
from mainspring.contracts.api_keys import ApiKey, Role
from mainspring.storage.errors import DatabaseAway

log = structlog.get_logger(__name__)

# A program that is killed removes nothing: its key ends so long after its last renewal, and the next program
# of the name removes it.
LASTS, RENEWED_EVERY = timedelta(minutes=5), timedelta(minutes=1)


@asynccontextmanager
async def temporary_key(
    keys: ApiKeys,
    name: str,
    role: Role,
    *,
    lasts: timedelta = LASTS,
    renewed_every: timedelta = RENEWED_EVERY,
) -> AsyncIterator[MadeKey]:
    """Give a key that is renewed until the block ends, and removed then."""
    made = await keys.create_temporary(name, role, lasts)
    renewing = asyncio.create_task(_renew(keys, made.key, lasts, renewed_every))
    try:
        yield made
    finally:
        renewing.cancel()
        with suppress(DatabaseAway):
            await keys.remove(made.key.id)


async def _renew(keys: ApiKeys, key: ApiKey, lasts: timedelta, every: timedelta) -> None:
    while True:
        await asyncio.sleep(every.total_seconds())
        try:
            await keys.renew(key.id, lasts)
        except DatabaseAway as error:
            log.warning("a temporary key is not renewed", key=key.prefix, error=str(error))
