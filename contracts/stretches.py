"""How far paged work has come."""

from mainspring.contracts.message import Message
from mainspring.contracts.waiting import QuotaPause


class StretchProgress(Message):
    """Each stretch of work takes one and gives back a later one.

    `pause` says why a stretch stopped early, `finished` that nothing is left.
    """

    finished: bool = False
    pause: QuotaPause | None = None
