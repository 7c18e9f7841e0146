"""The task ledger's repositories."""

from mainspring.storage.tasks.failures import FailureRepository
from mainspring.storage.tasks.ledger import TaskRepository
from mainspring.storage.tasks.pool import PoolRepository
from mainspring.storage.tasks.settling import SettlementRepository
from mainspring.storage.tasks.steps import StepRepository

__all__ = ["FailureRepository", "PoolRepository", "SettlementRepository", "StepRepository", "TaskRepository"]
