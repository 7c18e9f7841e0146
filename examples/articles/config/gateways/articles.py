"""The file of articles and the barcode registry."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mainspring.activities.articles import ArticlesFile
from mainspring.config.gateways import Gateways
from mainspring.config.sections.articles import ArticlesSettings
from mainspring.gateways.json_http import open_json_http
from mainspring.gateways.registry import SERVICE, Registry


@asynccontextmanager
async def open_gateways(settings: ArticlesSettings) -> AsyncIterator[Gateways]:
    """Give what the activities ask for, by type."""
    async with open_json_http(SERVICE, settings.articles_registry_url) as http:
        yield {Registry: Registry(http), ArticlesFile: ArticlesFile(settings.articles_file)}
