"""The task ledger: every write keeps a final state final."""

from mainspring.storage.ledger.intake import Accepted
from mainspring.storage.ledger.task_queries import LookedAt
from mainspring.storage.ledger.task_writer import Reported


class TaskRepository(Accepted, Reported, LookedAt):
    """The rows of the ledger, inside the caller's transaction."""
