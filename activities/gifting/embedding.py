"""Embedding products: a page of them is one request."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from temporalio import activity

from mainspring.activities.gifting.reading import Known, by_workspace, read_products
from mainspring.activities.runtime.queue import BatchedQueues, QueueTask, Result, Snooze, TaskDone
from mainspring.contracts.gifting.enrichment import ProductEmbedded, WhySkipped
from mainspring.contracts.gifting.products import ENRICH_PRODUCT_JOB, EmbedProduct
from mainspring.contracts.gifting.vectors import VectorKind
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.domain.gifting.product_texts import embedded_text
from mainspring.domain.gifting.texts import text_hash
from mainspring.gateways.clock import Clock
from mainspring.gateways.embeddings import Embeddings
from mainspring.storage.database import Session
from mainspring.storage.gifting import NewVector, VectorRepository
from mainspring.storage.ledger.active_keys import ActiveKey, ActiveKeys
from mainspring.storage.shop import CatalogueRepository

Task = QueueTask[EmbedProduct]

# An embedding that has found an enrichment under way looks again so long after. All look at the same moments:
# those whose enrichments are over by then are one page.
LOOKS_AGAIN = timedelta(seconds=20)

WAITS_FOR_ENRICHMENT = "enrichment of the product"


class EmbeddingActivities:
    """Embeds products."""

    def __init__(self, queues: BatchedQueues, embeddings: Embeddings, clock: Clock) -> None:
        self._queues = queues
        self._embeddings = embeddings
        self._clock = clock

    @activity.defn(name="gifting.embed_products")
    async def embed(self, request: WorkQueue) -> QueueWorked:
        """Embed a batch of the queue."""
        vectors: dict[UUID, NewVector] = {}

        async def work(tasks: Sequence[Task]) -> Mapping[UUID, Result]:
            texts = {task.id: text for task in tasks if (text := self._text_of(task)) is not None}
            vectors.update(await self._vectors(tasks, texts))
            return {task.id: self._result(task, vectors.get(task.id)) for task in tasks}

        async def store(session: Session, done: Sequence[TaskDone[EmbedProduct]]) -> None:
            made = [each.task for each in done if each.task.id in vectors]
            for workspace, tasks in by_workspace(made).items():
                await self._store(session, workspace, [vectors[task.id] for task in tasks])

        return await self._queues.work_batches(request, EmbedProduct, work, prepare=self._read, store=store)

    async def _read(self, session: Session, tasks: Sequence[Task]) -> Mapping[UUID, object]:
        """Return what is known of each product, what its vector is of, and whether it is being enriched."""
        read: dict[UUID, object] = {}
        known = await read_products(session, tasks)
        for workspace, own in by_workspace(tasks).items():
            ids = {task.input.product_id for task in own}
            hashes = await VectorRepository(session, workspace).hashes(VectorKind.PRODUCT, ids)
            active = await ActiveKeys(session, workspace).of_job(ENRICH_PRODUCT_JOB, ids)
            enriched = {each.key for each in active if self._is_under_way(each)}
            read |= {
                task.id: (
                    known[task.id],
                    hashes.get(task.input.product_id),
                    task.input.product_id in enriched,
                )
                for task in own
            }
        return read

    def _is_under_way(self, enrichment: ActiveKey) -> bool:
        """Whether an enrichment is worked, or is about to be.

        One that waits for money, for a key or for another attempt may wait for long: the product is embedded
        as it is, and again when it is enriched.
        """
        if enrichment.is_claimed:
            return True
        return enrichment.again_at is None or enrichment.again_at <= self._clock.now()

    def _text_of(self, task: Task) -> str | None:
        """Return the text to embed; None where there is nothing to do, or not yet."""
        known, embedded, is_enriched_now = _prepared(task)
        if known.product is None or known.hidden is not None or is_enriched_now:
            return None
        text = embedded_text(known.product, known.enrichment)
        is_same = not task.input.force and embedded == (self._embeddings.model, text_hash(text))
        return None if is_same else text

    async def _vectors(self, tasks: Sequence[Task], texts: Mapping[UUID, str]) -> dict[UUID, NewVector]:
        if not texts:
            return {}
        model = self._embeddings.model
        embedded = await self._embeddings.embed(list(texts.values()))
        subjects = {task.id: task.input.product_id for task in tasks}
        return {
            task_id: NewVector(subjects[task_id], model, text_hash(text), vector)
            for (task_id, text), vector in zip(texts.items(), embedded.vectors, strict=True)
        }

    def _result(self, task: Task, vector: NewVector | None) -> Result:
        known, _, is_enriched_now = _prepared(task)
        if vector is not None:
            return ProductEmbedded(model=vector.model, text_hash=vector.text_hash)
        if known.hidden is not None:
            return ProductEmbedded(skipped=known.hidden)
        if is_enriched_now:
            return Snooze(_next_look(self._clock.now()), WAITS_FOR_ENRICHMENT)
        return ProductEmbedded(skipped=WhySkipped.UNCHANGED_HASH)

    async def _store(self, session: Session, workspace: str, vectors: Sequence[NewVector]) -> None:
        """Store the vectors of products that are still shown."""
        products = await CatalogueRepository(session, workspace).of_ids({each.subject for each in vectors})
        shown = {each.id for each in products.values() if each.is_shown}
        kept = [each for each in vectors if each.subject in shown]
        await VectorRepository(session, workspace).store(VectorKind.PRODUCT, kept, now=self._clock.now())


def _prepared(task: Task) -> tuple[Known, tuple[str, str] | None, bool]:
    prepared: tuple[Known, tuple[str, str] | None, bool] = task.prepared or (Known(), None, False)
    return prepared


def _next_look(now: datetime) -> datetime:
    """Return the next moment at which embeddings look again."""
    step = int(LOOKS_AGAIN.total_seconds())
    return datetime.fromtimestamp((int(now.timestamp()) // step + 1) * step, UTC)
