"""The connection pool behind the price service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from mainspring.gateways.certificates import trusted
from mainspring.gateways.justtcg.client import JustTcg

# A page of 200 cards takes the service a while; a connection that does not come up is given up sooner.
TIMEOUT = httpx.Timeout(30, connect=10)


@asynccontextmanager
async def open_justtcg(base_url: str) -> AsyncIterator[JustTcg]:
    """Give the service at `base_url`, over connections that are closed at the end."""
    async with httpx.AsyncClient(timeout=TIMEOUT, verify=trusted()) as http:
        yield JustTcg(http, base_url)
