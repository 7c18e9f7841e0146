"""The wishlists' repositories: the wishes as the platform tells them, the checks, the mails."""

from mainspring.storage.wishlist.checks import CheckRepository
from mainspring.storage.wishlist.mails import MailRepository
from mainspring.storage.wishlist.outcomes import OutcomeRepository, Outcomes
from mainspring.storage.wishlist.planning import PlanRepository
from mainspring.storage.wishlist.wishes import WishRepository

__all__ = [
    "CheckRepository",
    "MailRepository",
    "OutcomeRepository",
    "Outcomes",
    "PlanRepository",
    "WishRepository",
]
