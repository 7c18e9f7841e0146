"""Telling subscribers: a transaction that ends tasks accepts the deliveries of their webhooks as well."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.tasks import FinishTask
from mainspring.contracts.webhooks import DELIVER_WEBHOOK, TaskChanged
from mainspring.domain.queues import batched_task
from mainspring.domain.webhooks import deliveries_of
from mainspring.storage.commits import wake_after_commit
from mainspring.storage.ledger.intake import TaskIntake
from mainspring.storage.tables import TaskRow
from mainspring.storage.webhooks import SubscriptionRepository


async def announce(session: AsyncSession, changes: Sequence[TaskChanged], *, now: datetime) -> None:
    """Accept a delivery for each subscriber of each change; their queue is woken after the commit."""
    changes = [each for each in changes if each.job != DELIVER_WEBHOOK]
    if not changes:
        return
    subscriptions = await SubscriptionRepository(session).active({each.workspace for each in changes})
    tasks = [
        batched_task(
            DELIVER_WEBHOOK,
            task_id,
            delivery,
            triggered_by=f"webhook {delivery.subscription_id}",
            fairness_key=delivery.event.workspace,
        )
        for task_id, delivery in deliveries_of(changes, subscriptions)
    ]
    if tasks:
        await TaskIntake(session).enqueue(tasks, now=now)
        wake_after_commit(session, DELIVER_WEBHOOK, [task.id for task in tasks])


async def announce_end(session: AsyncSession, finish: FinishTask, *, now: datetime) -> None:
    """As `announce`, of one task that has just ended."""
    if not await SubscriptionRepository(session).are_there():
        return
    query = select(TaskRow.job, TaskRow.fairness_key).where(TaskRow.id == finish.task_id)
    row = (await session.execute(query)).one()
    error = finish.error and f"{finish.error.error_type}: {finish.error.message}"
    change = TaskChanged(
        task_id=finish.task_id,
        job=row.job,
        state=finish.state,
        workspace=row.fairness_key,
        at=now,
        error=error,
    )
    await announce(session, [change], now=now)
