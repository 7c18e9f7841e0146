"""The coins' jobs: an appraisal each night, and the mails that tell of it."""

from datetime import timedelta

from temporalio import workflow

from mainspring.workflows.runtime.batches import in_activity, run_batches
from mainspring.workflows.runtime.job import AnyJob, Job
from mainspring.workflows.runtime.queue import consume_queue
from mainspring.workflows.runtime.schedule import Cron, Schedule
from mainspring.workflows.runtime.tracking import task_id, tracked

with workflow.unsafe.imports_passed_through():
    from mainspring.activities.coins import CoinActivities

from mainspring.contracts.coins import SEND_APPRAISAL, AppraiseCoins, CoinsAppraised, CoinsProgress
from mainspring.contracts.effects import EffectSent, SendEffect
from mainspring.contracts.queues import BatchedQueue, ConsumeQueue, QueueConsumed


@workflow.defn(name="appraise-coins")
class AppraiseCoinsWorkflow:
    """Has coins appraised."""

    @workflow.run
    @tracked
    async def run(self, request: AppraiseCoins) -> CoinsAppraised:
        """Ask for page after page until no coin is without a price."""
        first = CoinsProgress(task_id=task_id())
        done = await run_batches(request, first, in_activity(CoinActivities.appraise))
        return CoinsAppraised(appraised=done.appraised, requests=done.requests, owners=done.owners)


@workflow.defn(name="drain-send-appraisal")
class DrainSendAppraisalWorkflow:
    """Sends what waits to be sent."""

    @workflow.run
    async def run(self, request: ConsumeQueue) -> QueueConsumed:
        """Work the queue until it is empty."""
        return await consume_queue(SEND_APPRAISAL, CoinActivities.send, request)


JOBS: tuple[AnyJob, ...] = (
    Job(
        name="appraise-coins",
        run=AppraiseCoinsWorkflow.run,
        input=AppraiseCoins,
        result=CoinsAppraised,
        key=lambda _request: "all",
        summary="Ask the mint what coins are worth, and mail it to their owners.",
        schedule=Schedule(Cron("0 3 * * *"), timeout=timedelta(hours=20)),
    ),
    Job(
        name=SEND_APPRAISAL,
        run=DrainSendAppraisalWorkflow.run,
        input=SendEffect,
        result=EffectSent,
        queue=BatchedQueue(page=20, parallel=1),
        summary="Mail an owner what coins are worth.",
    ),
)
