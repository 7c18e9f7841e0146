"""Telling subscribers: a transaction that ends tasks accepts the deliveries of their webhooks as well."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.tasks import FinishTask, TaskError, TaskState
from mainspring.contracts.webhooks import DELIVER_WEBHOOK, TaskChanged
from mainspring.domain.queues import batched_task
from mainspring.domain.webhooks import EndedTask, deliveries_of, triggered_by
from mainspring.storage.commits import wake_after_commit
from mainspring.storage.ledger.intake import TaskIntake
from mainspring.storage.receivers import ReceiverRepository
from mainspring.storage.tables import TaskRow

# What is told of a row that has ended.
CHANGED = (TaskRow.id, TaskRow.job, TaskRow.workspace, TaskRow.fairness_key)


@dataclass(frozen=True)
class Ended:
    """A row that has just ended, read with the columns CHANGED."""

    row: Any
    state: TaskState
    error: TaskError | None = None


async def announce(session: AsyncSession, ended: Sequence[Ended], *, now: datetime) -> None:
    """Accept a delivery for each subscriber of each end; their queue is woken after the commit."""
    ended = [each for each in ended if each.row.job != DELIVER_WEBHOOK]
    if not ended:
        return
    subscriptions = await ReceiverRepository(session).active({each.row.workspace for each in ended})
    if not subscriptions:
        return
    changes = [_change(each, now) for each in ended]
    workspaces = {each.id: each.workspace for each in subscriptions}
    tasks = [
        batched_task(
            DELIVER_WEBHOOK,
            task_id,
            delivery,
            workspace=workspaces[delivery.subscription_id],
            triggered_by=triggered_by(delivery.subscription_id),
            fairness_key=delivery.event.workspace,
        )
        for task_id, delivery in deliveries_of(changes, subscriptions)
    ]
    if tasks:
        await TaskIntake(session).enqueue(tasks, now=now)
        wake_after_commit(session, DELIVER_WEBHOOK, [task.id for task in tasks])


async def announce_end(session: AsyncSession, finish: FinishTask, *, now: datetime) -> None:
    """As `announce`, of one task that has just ended."""
    if not await ReceiverRepository(session).are_there():
        return
    row = (await session.execute(select(*CHANGED).where(TaskRow.id == finish.task_id))).one()
    await announce(session, [Ended(row, finish.state, finish.error)], now=now)


def _change(ended: Ended, now: datetime) -> EndedTask:
    row, error = ended.row, ended.error
    change = TaskChanged(
        task_id=row.id,
        job=row.job,
        state=ended.state,
        workspace=row.fairness_key,
        at=now,
        error=f"{error.error_type}: {error.message}" if error and ended.state is TaskState.FAILED else None,
    )
    return EndedTask(row.workspace, change)
