"""The task ledger: every write keeps a final state final."""

from mainspring.storage.ledger.accepting import Accepted
from mainspring.storage.ledger.looking import LookedAt
from mainspring.storage.ledger.reporting import Reported


class TaskRepository(Accepted, Reported, LookedAt):
    """The rows of the ledger, inside the caller's transaction."""
