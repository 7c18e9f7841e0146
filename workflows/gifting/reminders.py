"""The clock that wakes all reminders, the check of what the clock has missed, and the queue of sending."""

import contextlib
from datetime import timedelta

from temporalio import workflow

from mainspring.workflows.runtime import options
from mainspring.workflows.runtime.job import AnyJob, Job
from mainspring.workflows.runtime.queue import consume_queue
from mainspring.workflows.runtime.schedule import SOON, Every, Schedule

with workflow.unsafe.imports_passed_through():
    # Only signatures are used; the modules behind them reach the network and the database.
    from mainspring.activities.gifting.reminders import ReminderActivities

from mainspring.contracts.gifting.reminders import (
    REMINDER_CLOCK,
    SEND_REMINDER,
    OverdueProcessed,
    ProcessOverdueReminders,
    RemindersDispatched,
    ReminderSent,
    SendReminder,
    WatchReminders,
)
from mainspring.contracts.queues import BatchedQueue, ConsumeQueue, QueueConsumed

# The worker's clock may be behind Temporal's: what is due in no time is waited for all the same.
SHORTEST_WAIT = timedelta(milliseconds=50)


@workflow.defn(name="reminder-clock")
class ReminderClockWorkflow:
    """Sleeps until the first reminder is due. The signal `wake` says that an earlier one was written."""

    def __init__(self) -> None:
        self._woken = False

    @workflow.signal(name="wake")
    def wake(self) -> None:
        """Look again."""
        self._woken = True

    @workflow.run
    async def run(self, request: WatchReminders) -> RemindersDispatched:
        """Hand over what is due at each moment, until no reminder waits: the next one starts a clock."""
        while True:
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(request)
            # A wake from here on may tell of what the look does not see.
            self._woken = False
            seen = await workflow.execute_activity_method(
                ReminderActivities.dispatch_due, request, **options.BATCH
            )
            if seen.next_in is None:
                if self._woken:
                    continue
                # A wake that comes after this makes Temporal refuse the end, and this code look again.
                return seen
            with contextlib.suppress(TimeoutError):  # the usual end of a wait
                await workflow.wait_condition(lambda: self._woken, timeout=max(seen.next_in, SHORTEST_WAIT))


@workflow.defn(name="process-overdue-reminders")
class ProcessOverdueRemindersWorkflow:
    """Hands over reminders that are due and that the clock has missed."""

    @workflow.run
    async def run(self, request: ProcessOverdueReminders) -> OverdueProcessed:
        """Look once."""
        return await workflow.execute_activity_method(
            ReminderActivities.process_overdue, request, **options.BATCH
        )


@workflow.defn(name="drain-send-reminder")
class SendReminderConsumerWorkflow:
    """Sends what waits to be sent."""

    @workflow.run
    async def run(self, request: ConsumeQueue) -> QueueConsumed:
        """Work the queue until it is empty."""
        return await consume_queue(SEND_REMINDER, ReminderActivities.send, request)


CLOCK = Job(
    name=REMINDER_CLOCK,
    run=ReminderClockWorkflow.run,
    input=WatchReminders,
    result=RemindersDispatched,
    is_internal=True,
    summary="Sleep until a reminder is due, and have it sent.",
)
PROCESS_OVERDUE = Job(
    name="process-overdue-reminders",
    run=ProcessOverdueRemindersWorkflow.run,
    input=ProcessOverdueReminders,
    result=OverdueProcessed,
    is_internal=True,
    summary="Hand over reminders that are due and that the clock has missed.",
    schedule=Schedule(Every(timedelta(minutes=5)), timeout=timedelta(minutes=30), catchup=SOON),
)
SEND = Job(
    name=SEND_REMINDER,
    run=SendReminderConsumerWorkflow.run,
    input=SendReminder,
    result=ReminderSent,
    queue=BatchedQueue(page=50, parallel=2),
    summary="Send a reminder of an occasion by one channel.",
)

REMINDER_JOBS: tuple[AnyJob, ...] = (CLOCK, PROCESS_OVERDUE, SEND)
