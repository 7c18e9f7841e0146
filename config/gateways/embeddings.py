"""The model that embeds products and taste profiles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mainspring.config.gateways import Gateways
from mainspring.config.settings import Settings
from mainspring.gateways.embeddings import EmbeddedModel, Embeddings


@asynccontextmanager
async def open_gateways(_settings: Settings) -> AsyncIterator[Gateways]:
    """Give the model."""
    yield {Embeddings: EmbeddedModel()}
