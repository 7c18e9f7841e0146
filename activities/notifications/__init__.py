"""The mails of alerts: claimed and judged again, written, sent, and settled."""

from mainspring.activities.notifications.letterhead import Letterhead
from mainspring.activities.notifications.sending import NotificationActivities

__all__ = ["Letterhead", "NotificationActivities"]
