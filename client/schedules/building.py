"""How a row looks in Temporal, and how one of ours is told from somebody else's."""

import json
from contextlib import suppress

from temporalio.api.common.v1 import Payload
from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleDescription,
    ScheduleIntervalSpec,
    ScheduleListDescription,
    SchedulePolicy,
    ScheduleSpec,
)

from mainspring.client.schedules.rows import ScheduledJob
from mainspring.contracts.tasks import StartKey
from mainspring.domain.tasks import START_KEY
from mainspring.gateways.temporal.payloads import OURS, WRITTEN_BY
from mainspring.workflows.runtime.schedule import Every

# The memo field of a schedule's action that holds the hash of its declaration: an update can change it.
DECLARATION = "declaration"

# The memo field of the schedule itself that says whose it is: it is listed, and an update leaves it.
TASK_QUEUE = "mainspring_task_queue"


def built(row: ScheduledJob, task_queue: str) -> Schedule:
    """Return the schedule that a row declares."""
    return Schedule(
        action=ScheduleActionStartWorkflow(
            row.job,
            row.input,
            id=f"schedule/{row.id}",
            task_queue=task_queue,
            execution_timeout=row.timeout,
            memo={DECLARATION: row.declaration(task_queue)} | ({START_KEY: row.key} if row.key else {}),
        ),
        spec=_spec(row),
        policy=SchedulePolicy(overlap=row.overlap, catchup_window=row.catchup),
    )


def _spec(row: ScheduledJob) -> ScheduleSpec:
    jitter = row.jitter or None
    if isinstance(row.when, Every):
        every = ScheduleIntervalSpec(every=row.when.interval, offset=row.when.offset)
        return ScheduleSpec(intervals=[every], time_zone_name=row.zone, jitter=jitter)
    return ScheduleSpec(cron_expressions=row.when.expressions, time_zone_name=row.zone, jitter=jitter)


async def declaration_of(client: Client, description: ScheduleDescription) -> str | None:
    """Return the hash of what a schedule was made from; None for one that is not of this service."""
    action = description.schedule.action
    if not isinstance(action, ScheduleActionStartWorkflow) or not action.memo:
        return None
    payload = action.memo.get(DECLARATION)
    if payload is None:
        return None
    (declared,) = await client.data_converter.decode([payload], [str])
    return str(declared)


async def key_of(client: Client, description: ScheduleDescription) -> StartKey | None:
    """Return the key that the runs of a schedule take."""
    action = description.schedule.action
    memo = action.memo if isinstance(action, ScheduleActionStartWorkflow) else None
    if not memo or START_KEY not in memo:
        return None
    (key,) = await client.data_converter.decode([memo[START_KEY]], [StartKey])
    return StartKey.model_validate(key)


def unmarked_input(description: ScheduleDescription, row: ScheduledJob) -> Payload | None:
    """Return the input of a schedule if it is the row's, as an earlier version wrote it: without a mark.

    An input that somebody has changed by hand is read strictly, as whatever comes from outside.
    """
    action = description.schedule.action
    args = action.args if isinstance(action, ScheduleActionStartWorkflow) else ()
    for payload in args:
        if isinstance(payload, Payload) and payload.metadata.get(WRITTEN_BY) != OURS:
            with suppress(ValueError):
                return payload if json.loads(payload.data) == row.input.model_dump(mode="json") else None
    return None


async def is_of(found: ScheduleDescription | ScheduleListDescription, task_queue: str) -> bool:
    """Whether this service made the schedule, for this task queue."""
    return bool(await found.memo_value(TASK_QUEUE, None) == task_queue)


async def is_of_earlier(client: Client, found: ScheduleDescription, task_queue: str) -> bool:
    """Whether an earlier version made it, which left no mark on the schedule itself."""
    action = found.schedule.action
    return (
        isinstance(action, ScheduleActionStartWorkflow)
        and action.task_queue == task_queue
        and await found.memo_value(TASK_QUEUE, None) is None
        and await declaration_of(client, found) is not None
    )
