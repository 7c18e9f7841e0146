"""The wishlist checks: who is to be told is written down, and made into mails that wait to be sent."""

from mainspring.activities.wishlist.checks import WishlistActivities

__all__ = ["WishlistActivities"]
