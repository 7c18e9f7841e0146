"""The jobs that make a product of the catalogue one that is recommended: enriching and embedding."""

from temporalio import workflow

from mainspring.workflows.runtime.job import Debounce, Job
from mainspring.workflows.runtime.queue import consume_queue

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.gifting.embedding import EmbeddingActivities
    from mainspring.activities.gifting.enriching import EnrichmentActivities

from mainspring.contracts.gifting.enrichment import ProductEmbedded, ProductEnriched
from mainspring.contracts.gifting.products import (
    EMBED_PRODUCT_JOB,
    ENRICH_PRODUCT_JOB,
    PRODUCT_QUIET,
    EmbedProduct,
    EnrichProduct,
)
from mainspring.contracts.queues import BatchedQueue, ConsumeQueue, QueueConsumed


@workflow.defn(name="drain-enrich-product")
class EnrichProductConsumerWorkflow:
    """Enriches the products that wait."""

    @workflow.run
    async def run(self, request: ConsumeQueue) -> QueueConsumed:
        """Work the queue until it is empty."""
        return await consume_queue(ENRICH_PRODUCT_JOB, EnrichmentActivities.enrich, request)


@workflow.defn(name="drain-embed-product")
class EmbedProductConsumerWorkflow:
    """Embeds the products that wait."""

    @workflow.run
    async def run(self, request: ConsumeQueue) -> QueueConsumed:
        """Work the queue until it is empty."""
        return await consume_queue(EMBED_PRODUCT_JOB, EmbeddingActivities.embed, request)


ENRICH_PRODUCT = Job(
    name=ENRICH_PRODUCT_JOB,
    run=EnrichProductConsumerWorkflow.run,
    input=EnrichProduct,
    result=ProductEnriched,
    key=lambda request: request.product_id,
    key_says="product",
    # A flurry of changes is one enrichment; a change while the product is enriched is the next one.
    repeats=Debounce(quiet=PRODUCT_QUIET),
    # So many answers are waited for at once.
    queue=BatchedQueue(page=20, parallel=1),
    summary="Have a model say for whom and for what a product is a gift.",
)

EMBED_PRODUCT = Job(
    name=EMBED_PRODUCT_JOB,
    run=EmbedProductConsumerWorkflow.run,
    input=EmbedProduct,
    result=ProductEmbedded,
    key=lambda request: request.product_id,
    key_says="product",
    repeats=Debounce(quiet=PRODUCT_QUIET),
    # A page is one request.
    queue=BatchedQueue(page=200, parallel=1),
    summary="Turn the text of a product, with its enrichment, into a vector.",
)
