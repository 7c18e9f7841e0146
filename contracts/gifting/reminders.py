"""The messages of the jobs that send reminders, and their names on the wire."""

from datetime import timedelta

from mainspring.contracts.effects import SendEffect
from mainspring.contracts.message import Message

# The job that sends a reminder by one channel.
SEND_REMINDER = "send-reminder"

# The one workflow that sleeps until the first reminder is due; its type is its id.
REMINDER_CLOCK = "reminder-clock"

# The kind of the effects in the ledger.
REMINDER = "gifting-reminder"


class SendReminder(SendEffect):
    """Send a reminder by one channel."""


class ReminderSent(Message):
    """What became of a delivery: its `reference` outside; None: nothing was sent, because of `skipped`."""

    reference: str | None
    skipped: str | None = None


class WatchReminders(Message):
    """Sleep until a reminder is due, have it sent, and so on until none waits."""


class ProcessOverdueReminders(Message):
    """Have reminders sent that are due and that the clock has missed; start the clock if it is not there."""


class RemindersDispatched(Message):
    """How many reminders were handed over or skipped, and how soon the next one is due; None: none waits."""

    dispatched: int = 0
    skipped: int = 0
    next_in: timedelta | None = None


class OverdueProcessed(Message):
    """How many overdue reminders were handed over, and how many were skipped."""

    dispatched: int
    skipped: int
