"""What can go wrong, on demand and repeatably: the next calls, or a share of all."""

from enum import StrEnum
from typing import TypeVar

from mainspring.emulators.faults import FaultCounts

T = TypeVar("T")


class Fault(StrEnum):
    """One way in which a call goes wrong. All but DROPPED_BEFORE use up quota."""

    DROPPED_BEFORE = "dropped_before"  # the connection breaks before the request is counted
    DROPPED_AFTER = "dropped_after"  # the request is counted, then the connection breaks
    LOST_ANSWER = "lost_answer"  # half of the answer arrives, then the connection breaks
    SERVER_ERROR = "server_error"  # 500
    SLOW = "slow"  # the answer takes `slow_seconds`
    NOT_JSON = "not_json"  # 200 with a page of HTML
    NO_METADATA = "no_metadata"  # the answer says nothing of limits
    NO_META = "no_meta"  # the answer says nothing of further pages
    DUPLICATES = "duplicates"  # cards and variants come twice
    MISSING = "missing"  # about half of the cards are left out of the answer
    MALFORMED = "malformed"  # the first card has no uuid, the next card's first variant a word for a price


class Faults(FaultCounts[Fault]):
    """The faults that are ordered, and how the vendor behaves otherwise."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__(seed)
        self.slow_seconds = 1.0
        self.never_returned: set[str] = set()
        self.refused_listings: set[str] = set()
        self.failing_listings: set[str] = set()
        self.is_shuffled = True
        self.sends_retry_after = False
        self.tells_usage_in_refusals = False

    def clear(self) -> None:
        """Let nothing go wrong any more."""
        super().clear()
        self.never_returned.clear()
        self.refused_listings.clear()
        self.failing_listings.clear()

    def shuffled(self, entries: list[T]) -> list[T]:
        """Return the entries in another order, unless `is_shuffled` is off."""
        return self._random.sample(entries, len(entries)) if self.is_shuffled else entries

    def thinned(self, entries: list[T]) -> list[T]:
        """Return about half of the entries, and at least one less."""
        return [entry for entry in entries[1:] if self._random.random() < 0.5]  # noqa: PLR2004
