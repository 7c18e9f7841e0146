"""What became of the wishlists' notifications, as JSON."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mainspring.storage.wishlist import Outcomes


def wishlists_view(counts: Mapping[str, int], outcomes: "Outcomes") -> dict[str, Any]:
    """Return how many products, users and wishes there are, and what became of the notifications."""
    next_at = None if outcomes.next_at is None else outcomes.next_at.isoformat()
    return {
        **counts,
        "notifications": outcomes.states,
        "skipped": outcomes.skipped,
        "mails": {"waiting": outcomes.waiting, "next_at": next_at},
    }
