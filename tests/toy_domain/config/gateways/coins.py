"""The mint."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mainspring.config.environment import environment
from mainspring.config.gateways import Gateways
from mainspring.config.settings import Settings
from mainspring.gateways.json_http import open_json_http
from mainspring.gateways.mint import SERVICE, Mint


@asynccontextmanager
async def open_gateways(_settings: Settings) -> AsyncIterator[Gateways]:
    """Give the gateway to the mint at COINS_MINT_URL."""
    address = environment().get("COINS_MINT_URL", "https://mint.example")
    async with open_json_http(SERVICE, address) as http:
        yield {Mint: Mint(http)}
