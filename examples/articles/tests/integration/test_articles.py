"""A file of 20,000 articles, loaded within the registry's quota."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from mainspring.contracts.articles import ArticlesLoaded, LoadArticles
from mainspring.contracts.progress import PAUSE_ENDED
from mainspring.contracts.tasks import TaskState
from mainspring.emulators.base import Control
from mainspring.emulators.http import Connections, HttpEmulator
from mainspring.storage.articles import ArticleRepository
from mainspring.testing import ServiceUnderTest
from mainspring.workflows.articles import LOAD_ARTICLES

ROWS = 20_000


class RegistryEmulator(HttpEmulator):
    """A registry that knows every barcode but those that end in 9, and counts the requests."""

    def __init__(self) -> None:
        self.requests = 0
        app = Starlette(routes=[Route("/brands", self._brands, methods=["POST"])])
        super().__init__(app, Connections())

    @property
    def control(self) -> Control:
        """Another process sees how often the registry was asked."""
        return Control(orders={}, views={}, state=lambda: {"requests": self.requests})

    async def _brands(self, request: Request) -> JSONResponse:
        self.requests += 1
        return JSONResponse({ean: "Acme" for ean in await request.json() if not ean.endswith("9")})


@pytest.fixture
async def registry() -> AsyncIterator[RegistryEmulator]:
    """Run the registry."""
    async with RegistryEmulator() as emulator:
        yield emulator


@pytest.fixture
def service_settings(
    service_settings: dict[str, Any], registry: RegistryEmulator, tmp_path: Path
) -> dict[str, Any]:
    """Lead the service to the file and to the registry."""
    articles = {"articles_file": tmp_path / "articles.csv", "articles_registry_url": registry.address}
    return service_settings | articles


async def test_a_large_file_is_loaded_within_the_quota(
    idle_service: ServiceUnderTest, registry: RegistryEmulator, tmp_path: Path
) -> None:
    """The task waits when the registry's day is used up, goes on where it was, and tells of bad rows."""
    rows = [f"{number:013},Article {number}" for number in range(ROWS)]
    rows[7] = "seven,Not a barcode"
    (tmp_path / "articles.csv").write_text("\n".join(["ean,name", *rows]))

    async with idle_service.worker():
        started = await idle_service.jobs.start(LOAD_ARTICLES, LoadArticles())
        waiting = await idle_service.until(started.id, lambda task: task.state is TaskState.WAITING)
        assert (
            waiting.waiting_for, waiting.processed, waiting.total,
        ) == ("daily quota of the barcode registry", 15_000, ROWS)  # fmt: skip

        idle_service.clock.advance(timedelta(days=1))
        task = await idle_service.tasks.get(started.id)
        await idle_service.temporal.signal(task.workflow_id, PAUSE_ENDED)
        loaded = await started.result()

    bad = "line 9: ean: 'seven' is not accepted: String should match pattern '^\\d{13}$'"
    assert ArticlesLoaded(stored=ROWS - 1, branded=18_000 - 1, bad=1, shown=(bad,)) == loaded
    assert registry.requests == 40
    assert loaded.branded == await idle_service.database.read(
        lambda session: ArticleRepository(session).count_branded()
    )
