"""The mails of alerts: claimed and judged again, written, sent, and settled."""

from activities.notifications.letterhead import Letterhead
from activities.notifications.sending import NotificationActivities

__all__ = ["Letterhead", "NotificationActivities"]
