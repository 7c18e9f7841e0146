"""Telling subscribers: a transaction that ends tasks accepts the deliveries of their webhooks as well."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.tasks import FinishTask, TaskError, TaskState
from mainspring.contracts.webhooks import DELIVER_WEBHOOK, TaskChanged
from mainspring.domain.queues import batched_task
from mainspring.domain.webhooks import EndedTask, deliveries_of
from mainspring.storage.commits import wake_after_commit
from mainspring.storage.ledger.intake import TaskIntake
from mainspring.storage.receivers import ReceiverRepository
from mainspring.storage.tables import TaskRow

# What of a row `ended_task` tells.
CHANGED = (TaskRow.id, TaskRow.job, TaskRow.workspace, TaskRow.fairness_key)


async def announce(session: AsyncSession, ended: Sequence[EndedTask], *, now: datetime) -> None:
    """Accept a delivery for each subscriber of each change; their queue is woken after the commit."""
    ended = [each for each in ended if each.change.job != DELIVER_WEBHOOK]
    if not ended:
        return
    subscriptions = await ReceiverRepository(session).active({each.workspace for each in ended})
    workspaces = {each.id: each.workspace for each in subscriptions}
    tasks = [
        batched_task(
            DELIVER_WEBHOOK,
            task_id,
            delivery,
            workspace=workspaces[delivery.subscription_id],
            triggered_by=f"webhook {delivery.subscription_id}",
            fairness_key=delivery.event.workspace,
        )
        for task_id, delivery in deliveries_of(ended, subscriptions)
    ]
    if tasks:
        await TaskIntake(session).enqueue(tasks, now=now)
        wake_after_commit(session, DELIVER_WEBHOOK, [task.id for task in tasks])


async def announce_end(session: AsyncSession, finish: FinishTask, *, now: datetime) -> None:
    """As `announce`, of one task that has just ended."""
    if not await ReceiverRepository(session).are_there():
        return
    row = (await session.execute(select(*CHANGED).where(TaskRow.id == finish.task_id))).one()
    await announce(session, [ended_task(row, finish.state, error=finish.error, now=now)], now=now)


def ended_task(row: Any, state: TaskState, *, error: TaskError | None = None, now: datetime) -> EndedTask:
    """Return the change of a task that has just ended; `row` has the columns CHANGED."""
    change = TaskChanged(
        task_id=row.id,
        job=row.job,
        state=state,
        workspace=row.fairness_key,
        at=now,
        error=f"{error.error_type}: {error.message}" if error and state is TaskState.FAILED else None,
    )
    return EndedTask(row.workspace, change)
