"""Two toy jobs that take what the jobs of a product take, for tests of what starts those."""

from datetime import timedelta

from mainspring.contracts.gifting.products import EmbedProduct, EnrichProduct
from mainspring.contracts.message import Message
from mainspring.contracts.queues import BatchedQueue, ConsumeQueue, QueueConsumed
from mainspring.workflows.runtime.job import Debounce, Job


class Done(Message):
    """Nothing more to say."""


async def never(_request: ConsumeQueue) -> QueueConsumed:
    """Stand for a consumer that no worker of the test has."""
    return QueueConsumed()


ENRICH = Job(
    name="toy-enrich",
    run=never,
    input=EnrichProduct,
    result=Done,
    key=lambda request: request.product_id,
    repeats=Debounce(quiet=timedelta(seconds=2)),
    queue=BatchedQueue(page=10, parallel=1),
    summary="Enrich a product.",
)
EMBED = Job(
    name="toy-embed",
    run=never,
    input=EmbedProduct,
    result=Done,
    key=lambda request: request.product_id,
    repeats=Debounce(quiet=timedelta(seconds=2)),
    queue=BatchedQueue(page=10, parallel=1),
    summary="Embed a product.",
)
