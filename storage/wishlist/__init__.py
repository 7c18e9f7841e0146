"""The wishlists' repositories: the shop as the platform tells it, the checks, the mails."""

from mainspring.storage.wishlist.checks import CheckRepository
from mainspring.storage.wishlist.mails import MailRepository
from mainspring.storage.wishlist.outcomes import OutcomeRepository, Outcomes
from mainspring.storage.wishlist.planning import PlanRepository
from mainspring.storage.wishlist.shop import ShopRepository

__all__ = [
    "CheckRepository",
    "MailRepository",
    "OutcomeRepository",
    "Outcomes",
    "PlanRepository",
    "ShopRepository",
]
