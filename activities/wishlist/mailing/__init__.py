"""The mails of alerts: claimed and judged again, written, sent, and settled."""

from mainspring.activities.wishlist.mailing.sender import SenderSettings
from mainspring.activities.wishlist.mailing.sending import NotificationActivities

__all__ = ["NotificationActivities", "SenderSettings"]
