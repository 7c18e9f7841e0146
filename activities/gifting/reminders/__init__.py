"""Reminders of occasions: the due ones become effects, and these are sent by mail and by push."""

from mainspring.activities.gifting.reminders.activities import ReminderActivities
from mainspring.activities.gifting.reminders.kind import GIFTING_REMINDER

__all__ = ["GIFTING_REMINDER", "ReminderActivities"]
