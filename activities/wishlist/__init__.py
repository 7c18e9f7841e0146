"""The wishlist checks and their mails: who is to be told is written down, made into mails, and sent."""

from mainspring.activities.wishlist.checks import WishlistActivities
from mainspring.activities.wishlist.mailing import WISHLIST_MAIL, NotificationActivities

__all__ = ["WISHLIST_MAIL", "NotificationActivities", "WishlistActivities"]
