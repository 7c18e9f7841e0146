"""Firebase Cloud Messaging."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mainspring.config.gateways import Gateways
from mainspring.config.settings import Settings
from mainspring.gateways.push import Push, open_push


@asynccontextmanager
async def open_gateways(settings: Settings) -> AsyncIterator[Gateways]:
    """Give the gateway to devices."""
    at_once = settings.push_connections
    async with open_push(settings.push_url, settings.push_service_account, at_once=at_once) as push:
        yield {Push: push}
