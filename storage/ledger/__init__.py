"""The task ledger's repositories."""

from mainspring.storage.ledger.failures import FailureRepository
from mainspring.storage.ledger.ledger import TaskRepository
from mainspring.storage.ledger.pool import QueueStore
from mainspring.storage.ledger.settling import AcknowledgementStore
from mainspring.storage.ledger.steps import StepRepository

__all__ = ["AcknowledgementStore", "FailureRepository", "QueueStore", "StepRepository", "TaskRepository"]
