"""The task ledger: every write keeps a final state final."""

from storage.tasks.accepting import Accepted
from storage.tasks.looking import LookedAt
from storage.tasks.reporting import Reported


class TaskRepository(Accepted, Reported, LookedAt):
    """The rows of the ledger, inside the caller's transaction."""
