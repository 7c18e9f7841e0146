"""The jobs that make collections."""

from datetime import timedelta

from temporalio import workflow

from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.job import AnyJob, Job
from mainspring.workflows.runtime.schedule import Cron, Schedule
from mainspring.workflows.runtime.tracking import task_id, tracked

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.gifting.collections import CollectionActivities
    from mainspring.activities.tasks import TaskActivities

from mainspring.contracts.gifting.collections import (
    GENERATE_COLLECTIONS,
    GENERATE_DAILY_COLLECTIONS,
    CollectionsGenerated,
    CurateCollections,
    DailyCollectionsStarted,
    GenerateCollections,
    GenerateDailyCollections,
    PublishCollections,
    Surface,
    WorkspacesWithGifts,
)
from mainspring.contracts.tasks import EnqueueTasks, NewTask


@workflow.defn(name="generate-collections")
class GenerateCollectionsWorkflow:
    """Makes the collections of a surface for a day."""

    @workflow.run
    @tracked
    async def run(self, request: GenerateCollections) -> CollectionsGenerated:
        """Choose, and put what is chosen in the place of what is there."""
        date = request.date or workflow.now().date()
        curate = CurateCollections(task_id=task_id(), request=request, date=date)
        draft = await workflow.execute_activity_method(CollectionActivities.curate, curate, **options.BATCH)
        return await workflow.execute_activity_method(
            CollectionActivities.publish, PublishCollections(request=curate, draft=draft), **options.BATCH
        )


@workflow.defn(name="generate-daily-collections")
class GenerateDailyCollectionsWorkflow:
    """Starts a task for each surface of each workspace that shows products."""

    @workflow.run
    @tracked
    async def run(self, _request: GenerateDailyCollections) -> DailyCollectionsStarted:
        """Start them all in one transaction."""
        found = await workflow.execute_activity_method(
            CollectionActivities.workspaces, WorkspacesWithGifts(), **options.BATCH
        )
        tasks = tuple(_task(surface, name) for name in found.names for surface in Surface)
        if not tasks:
            return DailyCollectionsStarted(started=0, already_active=0)
        enqueued = await workflow.execute_activity_method(
            TaskActivities.enqueue, EnqueueTasks(tasks=tasks), **options.BATCH
        )
        return DailyCollectionsStarted(started=enqueued.started, already_active=enqueued.already_active)


def _task(surface: Surface, workspace: str) -> NewTask:
    return GENERATE.task(
        workflow.uuid4(),
        GenerateCollections(surface=surface, date=workflow.now().date(), triggered_by="scheduler"),
        workspace=workspace,
        priority=4,
        triggered_by=GENERATE_DAILY_COLLECTIONS,
    )


GENERATE = Job(
    name=GENERATE_COLLECTIONS,
    run=GenerateCollectionsWorkflow.run,
    input=GenerateCollections,
    result=CollectionsGenerated,
    key=lambda request: f"{request.surface}/{request.date or 'today'}",
    key_says="surface and date",
    summary="Make the collections of a surface for a day.",
)
GENERATE_DAILY = Job(
    name=GENERATE_DAILY_COLLECTIONS,
    run=GenerateDailyCollectionsWorkflow.run,
    input=GenerateDailyCollections,
    result=DailyCollectionsStarted,
    key=lambda _request: "all",
    summary="Have today's collections made for all surfaces of each workspace.",
    schedule=Schedule(Cron("0 2 * * *"), timeout=timedelta(hours=1)),
)

JOBS: tuple[AnyJob, ...] = (GENERATE, GENERATE_DAILY)
