"""The task ledger's repositories."""

from mainspring.storage.ledger.failures import FailureRepository
from mainspring.storage.ledger.ledger import TaskRepository
from mainspring.storage.ledger.pool import PoolRepository
from mainspring.storage.ledger.settling import SettlementRepository
from mainspring.storage.ledger.steps import StepRepository

__all__ = ["FailureRepository", "PoolRepository", "SettlementRepository", "StepRepository", "TaskRepository"]
