"""What a consumer asks before it begins and when it was woken."""

from temporalio import activity

from mainspring.activities.runtime.queue.sizes import QueueSizes
from mainspring.contracts.queues import MeasureQueue, QueueMeasured, QueueStatistics
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import QueueQueries, QueueStore


class QueueActivities:
    """Looks at queues. Short and idempotent."""

    def __init__(self, database: Database, clock: Clock, sizes: QueueSizes) -> None:
        self._database = database
        self._clock = clock
        self._sizes = sizes

    @activity.defn(name="pools.survey")
    async def measure(self, request: MeasureQueue) -> QueueMeasured:
        """Free what dead runs of the consumer have claimed, and say what waits."""
        queue, now = self._sizes[request.job], self._clock.now()
        run_id = activity.info().workflow_run_id or ""

        async def look(session: Session) -> QueueStatistics:
            await QueueStore(session).release(request.job, run_id=run_id, now=now)
            return await QueueQueries(session).queue(
                request.job, at_most=queue.page * queue.parallel, now=now
            )

        return QueueMeasured(pool=queue, queue=await self._database.transact(look))
