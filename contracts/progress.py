"""How far batched work has come, and what it waits for: waiting for a quota is not a failure."""

from datetime import datetime
from uuid import UUID

from mainspring.contracts.message import Message

# The signal that ends a pause early; its name is wire format.
PAUSE_ENDED = "quota_changed"


class Pause(Message):
    """Work stopped because a quota is used up; it can go on at `resumes_at`.

    `waiting_for` is for people: "daily quota of JustTCG".
    """

    waiting_for: str
    resumes_at: datetime


class BatchProgress(Message):
    """Each batch of work takes one and gives back a later one.

    `pause` says why a batch stopped early, `finished` that nothing is left.
    """

    finished: bool = False
    pause: Pause | None = None


class TaskProgress(BatchProgress):
    """Progress that the task's row in the ledger keeps, so that a killed batch resumes where it was.

    A subclass says with `revision` which of two is the later: a count that grows with every page stored.
    """

    task_id: UUID

    @property
    def revision(self) -> int:
        """How many pages have been stored."""
        raise NotImplementedError
