"""What record.py records of taste profiles and collections."""

from mainspring.domain.queues import consumer_of
from mainspring.gateways.embeddings import Embeddings
from mainspring.workflows.gifting.profiles import EMBED_PROFILE
from tests.histories.runs import Handle
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


RECORDINGS = {"embed-taste-profile.success": profile_embedded}
