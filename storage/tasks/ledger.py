"""The task ledger: every write keeps a final state final."""

from mainspring.storage.tasks.accepting import Accepted
from mainspring.storage.tasks.looking import LookedAt
from mainspring.storage.tasks.reporting import Reported


class TaskRepository(Accepted, Reported, LookedAt):
    """The rows of the ledger, inside the caller's transaction."""
