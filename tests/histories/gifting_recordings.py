"""What record.py records of gifting."""

from datetime import datetime, timedelta

from mainspring.contracts.gifting.occasions import Occasion
from mainspring.contracts.gifting.reminders import REMINDER_CLOCK, ProcessOverdueReminders
from mainspring.contracts.tasks import TaskFilter, TaskState
from mainspring.domain.queues import consumer_of
from mainspring.testing.eventually import eventually
from mainspring.workflows.gifting.reminders import PROCESS_OVERDUE, SEND
from tests.histories.runs import Handle
from tests.service import Service
from tests.shop import user


async def clock_ended(service: Service) -> Handle:
    """Let the clock sleep until a reminder, be woken for an earlier one, and end after the last one."""
    soon = service.clock.now() + timedelta(seconds=4)
    await _remind(service, "later", soon.replace(microsecond=0) + timedelta(seconds=1))
    await _remind(service, "sooner", soon.replace(microsecond=0))
    handle = service.temporal_client.get_workflow_handle(REMINDER_CLOCK)
    await handle.result()
    return handle


async def overdue_processed(service: Service) -> Handle:
    """Look for what the clock has missed."""
    handle = await service.raw_start(
        PROCESS_OVERDUE.name, ProcessOverdueReminders(), workflow_id=PROCESS_OVERDUE.name
    )
    await handle.result()
    return handle


async def reminded(service: Service) -> Handle:
    """Let a reminder be sent."""
    await _remind(service, "now", service.clock.now().replace(microsecond=0) + timedelta(seconds=2))
    (task,) = await eventually(lambda: service.tasks.find(TaskFilter(job=SEND.name)), bool)
    assert TaskState.SUCCESS == (await service.wait(task.id)).state
    handle = service.temporal_client.get_workflow_handle(consumer_of(SEND.name))
    await handle.result()
    return handle


async def _remind(service: Service, occasion_id: str, at: datetime) -> None:
    await service.people.store_users([user(1)])
    on = {"date": at.date(), "local_time": at.time(), "offsets": [0]}
    occasion = Occasion.model_validate({"id": occasion_id, "user_id": "u00001", "title": "Party"} | on)
    assert set() == await service.occasions.store([occasion])


RECORDINGS = {
    "reminder-clock.success": clock_ended,
    "process-overdue-reminders.success": overdue_processed,
    "send-reminder.success": reminded,
}
