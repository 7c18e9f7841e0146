"""The option sets of activity calls: how long one may take and how its death is noticed.

How often one is tried again is decided by what the error says of itself, see `contracts/retry.py`.
"""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.workflow import ActivityCancellationType, ActivityConfig, LocalActivityConfig

from mainspring.domain.queues import Role, queue_of

# activities/runtime/retry.py ends the retries, and says how long to wait until the next one. What is left to
# the policy is a worker that died: waiting longer each time would help nobody, for the next worker is as good
# as new.
UNTIL_FAULTS_SAYS_STOP = RetryPolicy(
    initial_interval=timedelta(seconds=1), backoff_coefficient=1.0, maximum_attempts=0
)

# A batch of paged work: minutes of calls and pacing. A worker that dies is noticed by its heartbeat. One
# that is cancelled learns it by its heartbeat: the task is CANCELLED when nothing is written any more.
PAGE: ActivityConfig = {
    "start_to_close_timeout": timedelta(minutes=15),
    "heartbeat_timeout": timedelta(seconds=10),
    "retry_policy": UNTIL_FAULTS_SAYS_STOP,
    "cancellation_type": ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
}

# A step of a flow, which may be an hour's work on its own.
STEP: ActivityConfig = PAGE | {"start_to_close_timeout": timedelta(hours=2)}

# Making a profile of a film: many hours on a slow machine. Who needs what was made may have to do it again.
TRANSCODE: ActivityConfig = STEP | {"start_to_close_timeout": timedelta(hours=24)}

# A short write to the ledger, inside the workflow task.
LEDGER: LocalActivityConfig = {
    "start_to_close_timeout": timedelta(seconds=30),
    "retry_policy": UNTIL_FAULTS_SAYS_STOP,
}


def on_queue_of(role: Role, config: ActivityConfig) -> ActivityConfig:
    """Return the option set for an activity that belongs to a role; to be called inside a workflow."""
    return config | {"task_queue": queue_of(workflow.info().task_queue, role)}
