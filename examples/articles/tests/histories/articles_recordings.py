"""What record.py records of the articles."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from mainspring.contracts.articles import LoadArticles
from mainspring.workflows.articles import LOAD_ARTICLES
from tests.histories.runs import Handle, finished
from tests.integration.test_articles import RegistryEmulator
from tests.service import Service


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[dict[str, Any]]:
    """Give the settings of the articles."""
    file = folder / "articles.csv"
    file.write_text("ean,name\n4006381333931,Fountain pen\n")
    async with RegistryEmulator() as registry:
        yield {"articles_file": file, "articles_registry_url": registry.address}


async def loaded(service: Service) -> Handle:
    """Load a file."""
    return await finished(service, LOAD_ARTICLES, LoadArticles())


RECORDINGS = {"load-articles.success": loaded}
