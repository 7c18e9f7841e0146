"""What can go wrong with the object storage, on demand."""

from enum import StrEnum

from mainspring.emulators.faults import FaultCounts


class ObjectFault(StrEnum):
    """One way in which a request goes wrong."""

    AWAY = "away"  # 503
    FULL = "full"  # 507
    DROPPED = "dropped"  # the connection breaks before anything is done
    LOST_ANSWER = "lost_answer"  # it is done, then the connection breaks
    SLOW = "slow"  # the answer takes `slow_seconds`


class ObjectFaults:
    """The faults that are ordered, for the next requests of some method.

    While `refuses_everybody` is set no key is accepted.
    """

    def __init__(self) -> None:
        self._counts = FaultCounts[tuple[ObjectFault, str]]()
        self.clear()

    def clear(self) -> None:
        """Let everything go right from now on."""
        self._counts.clear()
        self.slow_seconds = 1.0
        self.refuses_everybody = False

    def next(self, fault: ObjectFault, requests: int = 1, *, method: str = "PUT") -> None:
        """Let the next requests of a method go wrong."""
        self._counts.next((fault, method), requests)

    def strikes(self, fault: ObjectFault, method: str) -> bool:
        """Say whether the present request goes wrong in this way, and count it."""
        return self._counts.strikes((fault, method))
