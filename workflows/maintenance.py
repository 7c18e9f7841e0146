"""The service's own housekeeping: the relay and the sweep."""

from datetime import timedelta

from temporalio import workflow

from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.job import AnyJob, Job
from mainspring.workflows.runtime.schedule import SOON, Every, Schedule

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.reconcile import ReconcileActivities
    from mainspring.activities.tasks import TaskActivities

from mainspring.contracts.tasks import ReconcileTasks, RelayTasks, TasksReconciled, TasksRelayed

# Temporal lists a closed workflow a little later than it closes.
OVERLAP = timedelta(minutes=1)


@workflow.defn(name="relay-tasks")
class RelayTasksWorkflow:
    """Starts what was accepted while Temporal was away."""

    @workflow.run
    async def run(self, request: RelayTasks) -> TasksRelayed:
        """Work the queue down."""
        return await workflow.execute_activity_method(TaskActivities.relay, request, **options.BATCH)


@workflow.defn(name="reconcile-tasks")
class ReconcileTasksWorkflow:
    """Compares the ledger with Temporal."""

    @workflow.run
    async def run(self, request: ReconcileTasks) -> TasksReconciled:
        """Sweep once, from where the schedule's last sweep ended."""
        last = workflow.get_last_completion_result(TasksReconciled)
        if last is not None and request.since is None:
            request = ReconcileTasks(since=last.until - OVERLAP)
        return await workflow.execute_activity_method(ReconcileActivities.reconcile, request, **options.BATCH)


JOBS: tuple[AnyJob, ...] = (
    Job(
        name="relay-tasks",
        run=RelayTasksWorkflow.run,
        input=RelayTasks,
        result=TasksRelayed,
        is_internal=True,
        summary="Start accepted tasks that Temporal was not told of.",
        schedule=Schedule(Every(timedelta(minutes=1)), timeout=timedelta(minutes=10), catchup=SOON),
    ),
    Job(
        name="reconcile-tasks",
        run=ReconcileTasksWorkflow.run,
        input=ReconcileTasks,
        result=TasksReconciled,
        is_internal=True,
        summary="End tasks whose workflow was terminated or timed out.",
        schedule=Schedule(Every(timedelta(minutes=5)), timeout=timedelta(minutes=30), catchup=SOON),
    ),
)
