"""The task ledger's repositories."""

from mainspring.storage.ledger.acknowledgements import AcknowledgementStore
from mainspring.storage.ledger.failures import FailureRepository
from mainspring.storage.ledger.ledger import TaskRepository
from mainspring.storage.ledger.queue_store import QueueStore
from mainspring.storage.ledger.step_store import StepRepository

__all__ = ["AcknowledgementStore", "FailureRepository", "QueueStore", "StepRepository", "TaskRepository"]
