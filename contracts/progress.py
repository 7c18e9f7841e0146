"""How far batched work has come, and what it waits for: waiting for a quota is not a failure."""

from datetime import datetime

from mainspring.contracts.message import Message


class Pause(Message):
    """Work stopped because a quota is used up; it can go on at `resumes_at`.

    `waiting_for` is for people: "daily quota of JustTCG".
    """

    waiting_for: str
    resumes_at: datetime


class BatchProgress(Message):
    """Each stretch of work takes one and gives back a later one.

    `pause` says why a stretch stopped early, `finished` that nothing is left.
    """

    finished: bool = False
    pause: Pause | None = None
