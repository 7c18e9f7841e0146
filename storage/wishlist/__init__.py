"""The wishlists' repositories: the shop as the platform tells it, the checks, the mails."""

from storage.wishlist.checks import CheckRepository
from storage.wishlist.mails import MailRepository
from storage.wishlist.outcomes import OutcomeRepository, Outcomes
from storage.wishlist.planning import PlanRepository
from storage.wishlist.shop import ShopRepository

__all__ = [
    "CheckRepository",
    "MailRepository",
    "OutcomeRepository",
    "Outcomes",
    "PlanRepository",
    "ShopRepository",
]
