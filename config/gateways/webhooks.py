"""The receivers of webhooks."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mainspring.config.gateways import Gateways
from mainspring.config.settings import Settings
from mainspring.gateways.webhooks import Webhooks, open_webhooks


@asynccontextmanager
async def open_gateways(settings: Settings) -> AsyncIterator[Gateways]:
    """Give the gateway to receivers."""
    async with open_webhooks(allow_private=settings.webhooks_allow_private) as webhooks:
        yield {Webhooks: webhooks}
