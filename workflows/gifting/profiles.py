"""The job that embeds taste profiles."""

from datetime import timedelta

from temporalio import workflow

from mainspring.workflows.runtime.job import Debounce, Job
from mainspring.workflows.runtime.queue import consume_queue

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.gifting.profiles import ProfileActivities

from mainspring.contracts.gifting.profiles import (
    EMBED_TASTE_PROFILE,
    EmbedTasteProfile,
    TasteProfileEmbedded,
)
from mainspring.contracts.queues import BatchedQueue, ConsumeQueue, QueueConsumed

# The user waits: only what comes almost at once, as from somebody who types, is one embedding.
QUIET = timedelta(milliseconds=300)


@workflow.defn(name="drain-embed-taste-profile")
class EmbedTasteProfileConsumerWorkflow:
    """Embeds the taste profiles that wait."""

    @workflow.run
    async def run(self, request: ConsumeQueue) -> QueueConsumed:
        """Work the queue until it is empty."""
        return await consume_queue(EMBED_TASTE_PROFILE, ProfileActivities.embed, request)


EMBED_PROFILE = Job(
    name=EMBED_TASTE_PROFILE,
    run=EmbedTasteProfileConsumerWorkflow.run,
    input=EmbedTasteProfile,
    result=TasteProfileEmbedded,
    key=lambda request: request.profile_id,
    key_says="profile",
    # An edit while the profile is embedded has it embedded again, after that.
    repeats=Debounce(quiet=QUIET),
    queue=BatchedQueue(page=100, parallel=1),
    summary="Turn the text of a taste profile into a vector.",
)
