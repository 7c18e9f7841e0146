"""What record.py records of the jobs of a product."""

from mainspring.contracts.gifting.products import EmbedProduct, EnrichProduct
from mainspring.contracts.message import Message
from mainspring.contracts.tasks import TaskState
from mainspring.domain.queues import consumer_of
from mainspring.workflows.gifting.products import EMBED_PRODUCT, ENRICH_PRODUCT
from mainspring.workflows.runtime.job import AnyJob
from tests.histories.runs import Handle
from tests.service import Service


async def enriched(service: Service) -> Handle:
    """Let an enrichment find that the product is gone."""
    return await _consumed(service, ENRICH_PRODUCT, EnrichProduct(product_id="p-1"))


async def embedded(service: Service) -> Handle:
    """Let an embedding find that the product is gone."""
    return await _consumed(service, EMBED_PRODUCT, EmbedProduct(product_id="p-1"))


async def _consumed(service: Service, job: AnyJob, given: Message) -> Handle:
    started = await service.jobs.start(job, given)
    assert TaskState.SUCCESS == (await service.wait(started.id)).state
    handle = service.temporal_client.get_workflow_handle(consumer_of(job.name))
    await handle.result()
    return handle


RECORDINGS = {
    "enrich-product.success": enriched,
    "embed-product.success": embedded,
}
