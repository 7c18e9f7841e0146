"""Loading the file of articles, page by page."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from temporalio import activity

from mainspring.activities.runtime.checkpoint import Checkpoint, work_pages
from mainspring.activities.runtime.metered_calls import RateLimitedCalls
from mainspring.activities.runtime.outages import outlast
from mainspring.contracts.articles import MOST_SHOWN, Article, ArticlesProgress
from mainspring.gateways.clock import Clock
from mainspring.gateways.files import RejectedRow, Row, read_rows
from mainspring.gateways.registry import BUDGET, PAGE, Registry
from mainspring.storage.articles import ArticleRepository
from mainspring.storage.database import Database, Session

AnyRow = Row[Article] | RejectedRow


@dataclass(frozen=True)
class ArticlesFile:
    """Where the file is."""

    path: Path


class ArticleActivities:
    """What is done with the file."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        file: ArticlesFile,
        registry: Registry,
        calls: RateLimitedCalls,
    ) -> None:
        self._database, self._file, self._registry, self._calls = database, file.path, registry, calls
        self._checkpoint = Checkpoint(database, clock, ArticlesProgress)

    @activity.defn(name="articles.load")
    async def load(self, request: ArticlesProgress) -> ArticlesProgress:
        """Load some pages. Goes on where a killed attempt stopped."""
        progress = await self._checkpoint.resume(request)
        if progress.total is None:
            total = await asyncio.to_thread(lambda: sum(1 for _ in read_rows(self._file, Article)))
            progress = progress.model_copy(update={"total": total})
        rows = islice(read_rows(self._file, Article), progress.read, None)
        return await work_pages(progress, lambda so_far: self._page(rows, so_far), at_most=25)

    async def _page(self, rows: Iterator[AnyRow], progress: ArticlesProgress) -> ArticlesProgress:
        page = await asyncio.to_thread(lambda: list(islice(rows, PAGE)))
        articles = [row.value for row in page if isinstance(row, Row)]
        bad = [f"line {row.line}: {row}" for row in page if isinstance(row, RejectedRow)]
        brands = await self._brands([article.ean for article in articles]) if articles else {}
        after = progress.model_copy(
            update={
                "read": progress.read + len(page),
                "branded": progress.branded + len(brands),
                "bad": progress.bad + len(bad),
                "shown": (*progress.shown, *bad)[:MOST_SHOWN],
                "finished": len(page) < PAGE,
            }
        )

        async def store(session: Session) -> ArticlesProgress:
            await ArticleRepository(session).store(articles, brands)
            step = f"{after.read} of {after.total} rows"
            await self._checkpoint.save(session, after, processed=after.read, total=after.total, step=step)
            return after

        # The brands are paid for: an outage of the database does not cost them.
        return await outlast(lambda: self._database.transact(store)) if page else after

    async def _brands(self, eans: list[str]) -> dict[str, str]:
        answer = await self._calls.call("barcode-registry", BUDGET, lambda: self._registry.brands(eans))
        return answer.by_ean
