"""The mint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from mainspring.config.environment import environment
from mainspring.config.gateways import Gateways
from mainspring.config.settings import Settings
from mainspring.gateways.mint import Mint


@asynccontextmanager
async def open_gateways(_settings: Settings) -> AsyncIterator[Gateways]:
    """Give the gateway to the mint at COINS_MINT_URL."""
    async with httpx.AsyncClient() as http:
        yield {Mint: Mint(http, environment().get("COINS_MINT_URL", "https://mint.example"))}
