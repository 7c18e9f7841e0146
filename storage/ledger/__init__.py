"""The task ledger: one class for each thing that is read or written, and each holds its caller's session."""

from mainspring.storage.ledger.acknowledgements import Acknowledgement, AcknowledgementStore
from mainspring.storage.ledger.deaths import DeathCount
from mainspring.storage.ledger.error_log import ErrorLog
from mainspring.storage.ledger.failures import FailureStore
from mainspring.storage.ledger.intake import TaskIntake
from mainspring.storage.ledger.overview import TaskOverview
from mainspring.storage.ledger.progress_store import ProgressStore
from mainspring.storage.ledger.queue_queries import QueueQueries
from mainspring.storage.ledger.queue_store import ClaimedRow, QueueStore, claim_of
from mainspring.storage.ledger.sealed_inputs import SealedInputs
from mainspring.storage.ledger.step_queries import StepQueries
from mainspring.storage.ledger.step_store import StepStore
from mainspring.storage.ledger.task_queries import TaskQueries
from mainspring.storage.ledger.task_writer import TaskWriter
from mainspring.storage.ledger.watched_tasks import WatchedTasks
from mainspring.storage.ledger.workspace_tasks import WorkspaceTasks

__all__ = [
    "Acknowledgement",
    "AcknowledgementStore",
    "ClaimedRow",
    "DeathCount",
    "ErrorLog",
    "FailureStore",
    "ProgressStore",
    "QueueQueries",
    "QueueStore",
    "SealedInputs",
    "StepQueries",
    "StepStore",
    "TaskIntake",
    "TaskOverview",
    "TaskQueries",
    "TaskWriter",
    "WatchedTasks",
    "WorkspaceTasks",
    "claim_of",
]
