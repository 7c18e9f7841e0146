"""The model that embeds products and taste profiles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mainspring.config.gateways import Gateways
from mainspring.config.settings import Settings
from mainspring.gateways.embeddings import EmbeddedModel, Embeddings, open_embeddings


@asynccontextmanager
async def open_gateways(settings: Settings) -> AsyncIterator[Gateways]:
    """Give the endpoint that the settings name, or else the model that runs in the worker."""
    async with embeddings_of(settings) as embeddings:
        yield {Embeddings: embeddings}


@asynccontextmanager
async def embeddings_of(settings: Settings) -> AsyncIterator[Embeddings]:
    """Give what embeds texts."""
    if settings.embeddings_url is None:
        yield EmbeddedModel()
        return
    key = settings.embeddings_api_key
    async with open_embeddings(
        settings.embeddings_url,
        settings.embeddings_model,
        settings.embeddings_dimensions,
        key=None if key is None else key.get_secret_value(),
        asks_for_dimensions=settings.embeddings_ask_for_dimensions,
    ) as embeddings:
        yield embeddings
