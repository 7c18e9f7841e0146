"""How a worker is called in Temporal: its process, the ledger that it works for, and its host."""

import os
import socket
from uuid import UUID


def worker_identity(ledger: UUID) -> str:
    """Return the identity of a worker of this process.

    It ends as the SDK's own, with an @ and the host, which the health check looks for.
    """
    return f"{os.getpid()}/{ledger}@{socket.gethostname()}"


def ledger_of(identity: str) -> UUID | None:
    """Return the ledger that a worker works for, if its identity says so."""
    _, _, ledger = identity.rpartition("@")[0].partition("/")
    try:
        return UUID(ledger)
    except ValueError:  # of an older release, or somebody else's
        return None
