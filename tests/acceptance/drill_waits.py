"""How long a workflow was made to wait by what was chosen for it: timeouts, back-offs and timers.

How long a busy machine took for all the rest is no part of that.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import EventType, TimeoutType
from temporalio.api.history.v1 import HistoryEvent

NOTHING = timedelta()


class Waits:
    """What a workflow waited for after a worker was killed, by the workflow's history."""

    def __init__(self, history: Sequence[HistoryEvent], *, killed_at: datetime, pid: int) -> None:
        self._events = {event.event_id: event for event in history}
        self._killed_at, self._pid = killed_at, pid
        self._later = [event for event in history if self._is_later(event)]

    def all(self) -> timedelta:
        """Return the sum of the waits: one came after the other."""
        return self._sum(self._later)

    def until_an_activity_begins(self) -> timedelta:
        """Return the sum of the waits before the first activity that was scheduled, and those for itself."""
        kinds = [event.event_type for event in self._later]
        scheduled = kinds.index(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED)
        its_id = self._later[scheduled].event_id
        its_own = [
            event
            for event in self._later[scheduled:]
            if event.activity_task_started_event_attributes.scheduled_event_id == its_id
        ]
        return self._sum([*self._later[:scheduled], *its_own])

    def of_an_activity(self) -> timedelta:
        """Return the longest wait for an activity whose worker had died: they waited side by side."""
        return max(map(self._for_a_worker, self._later), default=NOTHING)

    def _is_later(self, event: HistoryEvent) -> bool:
        return event.event_time.ToDatetime(UTC) > self._killed_at

    def _sum(self, events: Sequence[HistoryEvent]) -> timedelta:
        waits = (self._for_a_workflow_task, self._for_a_worker, self._for_a_timer)
        return sum((wait(event) for event in events for wait in waits), NOTHING)

    def _for_a_workflow_task(self, event: HistoryEvent) -> timedelta:
        """Return what passed until it was known that a workflow task had gone to the worker that was killed.

        A worker that lives, and does not get to a workflow task in the ten seconds for it, is busy.
        """
        if event.event_type != EventType.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT:
            return NOTHING
        timed_out = event.workflow_task_timed_out_event_attributes
        if timed_out.timeout_type == TimeoutType.TIMEOUT_TYPE_START_TO_CLOSE:
            begun_by = self._events[timed_out.started_event_id].workflow_task_started_event_attributes
            if not begun_by.identity.startswith(f"{self._pid}/"):
                return NOTHING
        scheduled = self._events[timed_out.scheduled_event_id]
        return event.event_time.ToDatetime() - scheduled.event_time.ToDatetime()

    def _for_a_worker(self, event: HistoryEvent) -> timedelta:
        """Return what passed until it was known that a worker had died, and the pause after that."""
        if event.event_type != EventType.EVENT_TYPE_ACTIVITY_TASK_STARTED:
            return NOTHING
        started = event.activity_task_started_event_attributes
        scheduled = self._events[started.scheduled_event_id].activity_task_scheduled_event_attributes
        pause = scheduled.retry_policy.initial_interval.ToTimedelta()
        return (started.attempt - 1) * (scheduled.heartbeat_timeout.ToTimedelta() + pause)

    def _for_a_timer(self, event: HistoryEvent) -> timedelta:
        if event.event_type != EventType.EVENT_TYPE_TIMER_FIRED:
            return NOTHING
        set_at = self._events[event.timer_fired_event_attributes.started_event_id]
        timeout = set_at.timer_started_event_attributes.start_to_fire_timeout.ToTimedelta()
        return timeout if self._is_later(set_at) else NOTHING
