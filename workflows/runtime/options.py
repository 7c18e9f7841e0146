"""The option sets of activity calls: how long an activity may take, how its worker's death is noticed.

How often an activity is tried again is decided by what the error says of itself, see `contracts/retry.py`.

Example:
    class Report(Message):
        title: str

    class ReportActivities:
        @activity.defn(name="reports.print")
        async def print_report(self, report: Report) -> None: ...

    @workflow.defn(name="print-report")
    class PrintReportWorkflow:
        @workflow.run
        async def run(self, report: Report) -> None:
            await workflow.execute_activity_method(ReportActivities.print_report, report, **BATCH)

    # An activity with more time than a batch has.
    LONG_BATCH = BATCH | {"start_to_close_timeout": timedelta(hours=1)}
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig, LocalActivityConfig

from mainspring.domain.queues import Role, queue_of

# Temporal retries without a limit: activities/runtime/retry.py ends the retries with a non-retryable failure,
# and says how long to wait until the next attempt. This policy alone governs the attempt after a worker died:
# waiting longer each time would help nobody, for the next worker is as good as new.
UNTIL_NON_RETRYABLE = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=1.0, maximum_attempts=0
)

# A batch: minutes of calls and pacing. Temporal notices by the heartbeat that a worker died. An activity that
# is cancelled learns that by its heartbeat: the task is CANCELLED when the activity writes nothing any more.
BATCH: ActivityConfig = {
    "start_to_close_timeout": timedelta(minutes=15),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": UNTIL_NON_RETRYABLE,
    "cancellation_type": ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
}

# A step of a flow, which may be an hour's work on its own.
STEP: ActivityConfig = BATCH | {"start_to_close_timeout": timedelta(hours=2)}

# Making a profile of a film: many hours on a slow machine. A step that needs the profile may make it again.
TRANSCODE: ActivityConfig = STEP | {"start_to_close_timeout": timedelta(hours=24)}

# A short write to the ledger, inside the workflow task.
LEDGER: LocalActivityConfig = {
    "start_to_close_timeout": timedelta(seconds=30),
    "retry_policy": UNTIL_NON_RETRYABLE,
}


def on_queue_of(role: Role, config: ActivityConfig) -> ActivityConfig:
    """Return the option set for an activity that belongs to a role; to be called inside a workflow."""
    return config | {"task_queue": queue_of(workflow.info().task_queue, role)}
