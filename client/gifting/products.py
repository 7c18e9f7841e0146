"""The products of a catalogue: saved, and given to the jobs that enrich and embed them."""

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import structlog

from mainspring.client.errors import BadInput, EntryUnknown, OtherLedger
from mainspring.client.jobs import Jobs
from mainspring.contracts.gifting.details import ProductDetail
from mainspring.contracts.gifting.products import EmbedProduct, EnrichProduct
from mainspring.contracts.message import Message
from mainspring.contracts.shop.catalogue import CatalogueProduct, StoredChange, StoredProduct, Storing
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.dialect import chunks
from mainspring.storage.gifting import product_detail
from mainspring.storage.ledger import TaskWriter, WorkspaceTasks
from mainspring.storage.shop import CatalogueRepository
from mainspring.workflows.gifting.products import EMBED_PRODUCT, ENRICH_PRODUCT
from mainspring.workflows.runtime.job import AnyJob

# What is done with a product that is new or different, and the priority of each job by its input.
PRODUCT_JOBS: tuple[AnyJob, ...] = (ENRICH_PRODUCT, EMBED_PRODUCT)
PRIORITIES: dict[type[Message], int] = {EnrichProduct: 3, EmbedProduct: 2}

# So far the clock of a CMS may be ahead. A state of next year would keep out all that is told until then.
AHEAD = timedelta(minutes=5)

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class SavedProduct:
    """What became of a product, and the tasks that were started for it, of those that process it."""

    change: StoredChange
    task_ids: tuple[UUID, ...] = ()


class Products:
    """The catalogue of a workspace. Of two states of a product the one that changed later holds."""

    def __init__(
        self, database: Database, jobs: Jobs, clock: Clock, processed_by: Sequence[AnyJob] = PRODUCT_JOBS
    ) -> None:
        self._database = database
        self._jobs = jobs
        self._clock = clock
        self._workspace = jobs.workspace
        self._processed_by = processed_by

    async def save_product(
        self,
        product: CatalogueProduct,
        *,
        triggered_by: str = "product.changed",
        session: Session | None = None,
    ) -> SavedProduct:
        """Save a product, and start its processing, in one transaction; with a `session` in the caller's own.

        A product that is published and visible is processed when something is different that a model reads.
        A product that is not, or no longer, has no tasks that wait. Also while Temporal is away: the tasks
        begin when Temporal is back.

        Raises BadInput: when `changed_at` is in the future.
        """
        if (problem := self.too_late(product)) is not None:
            raise BadInput(problem)
        if session is not None:
            (saved,) = await self._save(session, [product], triggered_by)
        else:
            (saved,) = await self._save_chunk([product], triggered_by)
        return saved

    async def save_products(
        self, products: Iterable[CatalogueProduct], *, triggered_by: str = "import"
    ) -> list[SavedProduct]:
        """Save products as `save_product` does, a thousand in each transaction; return one of each id."""
        saved: list[SavedProduct] = []
        for chunk in chunks(products):
            saved += await self._save_chunk(chunk, triggered_by)
        return saved

    def now(self) -> datetime:
        """Return the time of a state that says none."""
        return self._clock.now()

    async def prepare(self) -> None:
        """Ask before a transaction whether tasks can be started: nobody waits for products meanwhile."""
        with suppress(OtherLedger):  # said once more, and logged, where tasks would be started
            await self._jobs.refuse_other_ledger()

    def too_late(self, product: CatalogueProduct, field: str = "changed_at") -> str | None:
        """Return what is wrong with the time of a product, which is called so; None when nothing is."""
        latest = self._clock.now() + AHEAD
        if product.changed_at <= latest:
            return None
        return (
            f"{field}: '{product.changed_at.isoformat()}' is not accepted: a time up to "
            f"{latest.isoformat(timespec='seconds')}, {AHEAD // timedelta(minutes=1)} minutes from now"
        )

    async def product(self, product_id: str) -> StoredProduct:
        """Return a product, shown or not.

        Raises EntryUnknown: when there is none of this id.
        """
        found = await self._database.read(
            lambda session: CatalogueRepository(session, self._workspace).get(product_id)
        )
        if found is None:
            raise EntryUnknown("product", product_id)
        return found

    async def detail(self, product_id: str) -> ProductDetail:
        """Return a product with its enrichment and the last model runs about it.

        Raises EntryUnknown: when there is none of this id.
        """
        found = await self._database.read(
            lambda session: product_detail(session, self._workspace, product_id)
        )
        if found is None:
            raise EntryUnknown("product", product_id)
        return found

    async def products(
        self, *, after: str = "", limit: int = 50, is_shown: bool | None = None, brand_id: str | None = None
    ) -> list[StoredProduct]:
        """Return products in the order of their ids, those that come after `after`."""
        return await self._database.read(
            lambda session: CatalogueRepository(session, self._workspace).find(
                after=after, limit=limit, is_shown=is_shown, brand_id=brand_id
            )
        )

    async def _save_chunk(
        self, products: Sequence[CatalogueProduct], triggered_by: str
    ) -> list[SavedProduct]:
        await self.prepare()
        return await self._database.transact(lambda session: self._save(session, products, triggered_by))

    async def _save(
        self, session: Session, products: Sequence[CatalogueProduct], triggered_by: str
    ) -> list[SavedProduct]:
        now = self._clock.now()
        changes = await CatalogueRepository(session, self._workspace).store(products, now=now)
        written = [each for each in changes if each.storing is not Storing.OLDER]
        hidden = [each.product_id for each in written if each.was_shown and not each.is_shown]
        if hidden:
            await self._stop(session, hidden, now)
        changed = [each for each in written if each.is_shown and each.storing is Storing.CHANGED]
        tasks = await self._process(session, [each.product_id for each in changed], triggered_by)
        return [SavedProduct(each, tuple(tasks.get(each.product_id, ()))) for each in changes]

    async def _process(
        self, session: Session, product_ids: Sequence[str], triggered_by: str
    ) -> dict[str, list[UUID]]:
        """Start the jobs of products in the caller's transaction; return the tasks of each."""
        tasks: dict[str, list[UUID]] = {each: [] for each in product_ids}
        for job in self._processed_by if tasks else ():
            messages = [job.input(product_id=each, triggered_by=triggered_by) for each in product_ids]
            try:
                started = await self._jobs.start_many(
                    job,
                    messages,
                    session=session,
                    priority=PRIORITIES[job.input],
                    triggered_by=triggered_by,
                )
            except OtherLedger as error:  # nothing is wrong with the products
                log.warning("products are saved, and not processed", job=job.name, error=str(error))
                break
            for product_id, task in zip(product_ids, started, strict=True):
                tasks[product_id].append(task.id)
        return tasks

    async def _stop(self, session: Session, product_ids: Collection[str], now: datetime) -> None:
        """Cancel the tasks of products that wait; a task that has begun looks at the product itself."""
        keys = [
            f"{job.name}/{job.key(job.input(product_id=each))}"
            for job in self._processed_by
            if job.key is not None
            for each in product_ids
        ]
        for task_id in await WorkspaceTasks(session, self._workspace).queued_of_keys(keys):
            await TaskWriter(session).request_cancel(task_id, now=now)
