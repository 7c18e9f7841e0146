"""Enriching products: a model says for whom and for what each is a gift."""

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4

from temporalio import activity

from mainspring.activities.gifting.prompting import NEWEST, enrichment_prompt
from mainspring.activities.gifting.reading import Known, by_workspace, read_products
from mainspring.activities.models import Ask, ModelCalls
from mainspring.activities.runtime.metered_calls import QuotaUsedUp
from mainspring.activities.runtime.queue import BatchedQueues, QueueTask, Snooze, TaskDone
from mainspring.activities.runtime.retry import LONGEST_UNTIL_MENDED
from mainspring.contracts.gifting.enrichment import Enrichment, GiftView, ProductEnriched, WhySkipped
from mainspring.contracts.gifting.products import (
    EMBED_PRODUCT_JOB,
    ENRICH_PRODUCT_JOB,
    PRODUCT_QUIET,
    EmbedProduct,
    EnrichProduct,
)
from mainspring.contracts.queues import QueueWorked, WorkQueue
from mainspring.contracts.tasks import NewTask
from mainspring.domain.gifting.price_bands import price_band
from mainspring.domain.gifting.product_texts import enriched_text
from mainspring.domain.gifting.texts import text_hash
from mainspring.domain.queues import consumer_of
from mainspring.gateways.claude import KeyMissing
from mainspring.gateways.clock import Clock
from mainspring.storage.commits import wake_after_commit
from mainspring.storage.database import Session
from mainspring.storage.gifting import EnrichmentRepository
from mainspring.storage.ledger import TaskIntake
from mainspring.storage.ledger.active_keys import ActiveKeys

Task = QueueTask[EnrichProduct]

KEY_OF_CLAUDE = "key of Claude (set MAINSPRING_CLAUDE_API_KEY)"


class EnrichmentActivities:
    """Enriches products."""

    def __init__(self, queues: BatchedQueues, models: ModelCalls, clock: Clock) -> None:
        self._queues = queues
        self._models = models
        self._clock = clock

    @activity.defn(name="gifting.enrich_products")
    async def enrich(self, request: WorkQueue) -> QueueWorked:
        """Enrich a batch of the queue."""
        new: dict[UUID, Enrichment] = {}

        async def work(task: Task) -> ProductEnriched:
            return await self._enrich(task, new)

        async def store(session: Session, done: Sequence[TaskDone[EnrichProduct]]) -> None:
            made = [each.task for each in done if each.task.id in new]
            for workspace, tasks in by_workspace(made).items():
                await self._store(session, workspace, [new[task.id] for task in tasks])

        return await self._queues.work_each(request, EnrichProduct, work, prepare=self._read, store=store)

    async def _read(self, session: Session, tasks: Sequence[Task]) -> Mapping[UUID, object]:
        return await read_products(session, tasks)

    async def _enrich(self, task: Task, new: dict[UUID, Enrichment]) -> ProductEnriched:
        known: Known = task.prepared or Known()
        version, model = task.input.prompt_version or NEWEST, self._models.policy.model
        if known.product is None or known.hidden is not None:
            return ProductEnriched(skipped=known.hidden)
        text = enriched_text(known.product)
        gate = (text_hash(text), version, model)
        if not task.input.force and known.enrichment is not None and gate == _gate(known.enrichment):
            return ProductEnriched(skipped=WhySkipped.ALREADY_ENRICHED)
        ask = Ask(
            task.workspace,
            ENRICH_PRODUCT_JOB,
            known.product.id,
            version,
            enrichment_prompt(model, version, text),
        )
        try:
            asked = await self._models.ask(ask)
        except QuotaUsedUp as used_up:
            raise Snooze(used_up.resumes_at, used_up.pause.waiting_for) from used_up
        except KeyMissing as missing:
            # Thousands of products wait for it, and none of them has failed.
            raise Snooze(self._clock.now() + LONGEST_UNTIL_MENDED, KEY_OF_CLAUDE) from missing
        new[task.id] = self._enrichment(known, gate, asked.output)
        return ProductEnriched(
            prompt_version=version, model=model, text_hash=gate[0], cost_micros=asked.cost_micros
        )

    def _enrichment(self, known: Known, gate: tuple[str, str, str], view: GiftView) -> Enrichment:
        assert known.product is not None  # noqa: S101  # it was enriched
        hashed, version, model = gate
        return Enrichment(
            product_id=known.product.id,
            text_hash=hashed,
            prompt_version=version,
            model=model,
            price_band=price_band(known.product),
            updated_at=self._clock.now(),
            **view.model_dump(mode="json"),
        )

    async def _store(self, session: Session, workspace: str, enrichments: Sequence[Enrichment]) -> None:
        """Store enrichments, and have the products embedded whose text is another one by that."""
        await EnrichmentRepository(session, workspace).store(enrichments)
        ids = [each.product_id for each in enrichments]
        active = await ActiveKeys(session, workspace).of_job(EMBED_PRODUCT_JOB, ids)
        # One that a worker has may have read the text of before.
        coming = {each.key for each in active if not each.is_claimed}
        tasks = [_embedding(each, workspace) for each in ids if each not in coming]
        enqueued = await TaskIntake(session).enqueue(tasks, now=self._clock.now())
        wake_after_commit(session, EMBED_PRODUCT_JOB, [each.task_id for each in enqueued])


def _gate(enrichment: Enrichment) -> tuple[str, str, str]:
    return enrichment.text_hash, enrichment.prompt_version, enrichment.model


def _embedding(product_id: str, workspace: str) -> NewTask:
    key = f"{EMBED_PRODUCT_JOB}/{product_id}"
    return NewTask(
        id=uuid4(),
        job=EMBED_PRODUCT_JOB,
        workflow_id=consumer_of(EMBED_PRODUCT_JOB),
        job_key=key,
        dedupe_key=key,
        input=EmbedProduct(product_id=product_id, triggered_by=ENRICH_PRODUCT_JOB).model_dump(mode="json"),
        workspace=workspace,
        priority=2,
        triggered_by=ENRICH_PRODUCT_JOB,
        quiet=PRODUCT_QUIET,
        is_pooled=True,
    )
