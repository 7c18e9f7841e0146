"""The task ledger's repositories."""

from storage.tasks.failures import FailureRepository
from storage.tasks.ledger import TaskRepository
from storage.tasks.pool import PoolRepository
from storage.tasks.settling import SettlementRepository
from storage.tasks.steps import StepRepository

__all__ = ["FailureRepository", "PoolRepository", "SettlementRepository", "StepRepository", "TaskRepository"]
