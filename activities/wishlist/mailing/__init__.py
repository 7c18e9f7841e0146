"""The mails of alerts: what still holds, whom it goes to, what it says."""

from mainspring.activities.wishlist.mailing.kind import WISHLIST_MAIL
from mainspring.activities.wishlist.mailing.sending import NotificationActivities

__all__ = ["WISHLIST_MAIL", "NotificationActivities"]
