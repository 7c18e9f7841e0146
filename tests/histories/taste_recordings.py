"""What record.py records of taste profiles and collections."""

from mainspring.contracts.gifting.collections import (
    GenerateCollections,
    GenerateDailyCollections,
    Surface,
)
from mainspring.domain.queues import consumer_of
from mainspring.gateways.embeddings import Embeddings
from mainspring.workflows.gifting.collections import GENERATE, GENERATE_DAILY
from mainspring.workflows.gifting.profiles import EMBED_PROFILE
from tests.gifts import example_products, stock
from tests.histories.runs import Handle, finished
from tests.service import Service
from tests.toy_embeddings import ToyEmbeddings


async def profile_embedded(service: Service) -> Handle:
    """Let a completed profile be embedded."""
    service.gateways[Embeddings] = ToyEmbeddings()
    completed = await service.taste_profiles.complete_taste_profile("p1", "anna", {"interests": "hiking"})
    assert completed.task_id is not None
    await service.wait(completed.task_id)
    handle = service.temporal_client.get_workflow_handle(consumer_of(EMBED_PROFILE.name))
    await handle.result()
    return handle


async def collections_generated(service: Service) -> Handle:
    """Let the collections of a surface be made."""
    await stock(service.database, ToyEmbeddings(), list(example_products()))
    return await finished(service, GENERATE, GenerateCollections(surface=Surface.HOME))


async def daily_collections_started(service: Service) -> Handle:
    """Let the tasks of a day be started."""
    await stock(service.database, ToyEmbeddings(), list(example_products()))
    return await finished(service, GENERATE_DAILY, GenerateDailyCollections())


RECORDINGS = {
    "embed-taste-profile.success": profile_embedded,
    "generate-collections.success": collections_generated,
    "generate-daily-collections.success": daily_collections_started,
}
