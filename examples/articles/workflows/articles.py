"""The articles' job: the file is loaded every night."""

from datetime import timedelta

from temporalio import workflow

from mainspring.workflows.runtime.batches import in_activity, run_batches
from mainspring.workflows.runtime.job import AnyJob, Job
from mainspring.workflows.runtime.schedule import Cron, Schedule
from mainspring.workflows.runtime.tracking import task_id, tracked

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.articles import ArticleActivities

from mainspring.contracts.articles import ArticlesLoaded, ArticlesProgress, LoadArticles


@workflow.defn(name="load-articles")
class LoadArticlesWorkflow:
    """Loads the file of articles."""

    @workflow.run
    @tracked
    async def run(self, request: LoadArticles) -> ArticlesLoaded:
        """Load batch after batch until the file ends."""
        first = ArticlesProgress(task_id=task_id())
        done = await run_batches(request, first, in_activity(ArticleActivities.load))
        return ArticlesLoaded(
            stored=done.read - done.bad, branded=done.branded, bad=done.bad, shown=done.shown
        )


LOAD_ARTICLES = Job(
    name="load-articles",
    run=LoadArticlesWorkflow.run,
    input=LoadArticles,
    result=ArticlesLoaded,
    key=lambda _request: "all",
    summary="Load the file of articles, and ask the barcode registry for their brands.",
    schedule=Schedule(Cron("0 3 * * *"), timeout=timedelta(days=2)),
)

JOBS: tuple[AnyJob, ...] = (LOAD_ARTICLES,)
