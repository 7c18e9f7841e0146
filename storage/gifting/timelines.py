"""An occasion's reminders, and what became of each."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.effects import EffectState
from mainspring.contracts.gifting.occasions import Channel, Reminder, ReminderDelivery, ReminderState
from mainspring.storage.repository import Repository
from mainspring.storage.tables import EffectRow
from mainspring.storage.tables.gifting.occasions import ReminderDeliveryRow, ReminderRow


class TimelineRepository(Repository):
    """Looks at reminders of a workspace, inside the caller's transaction."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def reminders(self, occasion_id: str) -> list[Reminder]:
        """Return all reminders of an occasion, the earliest first."""
        query = (
            select(ReminderRow)
            .where(ReminderRow.workspace == self._workspace, ReminderRow.occasion_id == occasion_id)
            .order_by(ReminderRow.remind_at, ReminderRow.offset_days.desc())
        )
        rows = list(await self._session.scalars(query))
        deliveries = await self._deliveries([row.id for row in rows])
        return [_reminder(row, deliveries.get(row.id, ())) for row in rows]

    async def _deliveries(self, reminder_ids: Sequence[UUID]) -> dict[UUID, list[ReminderDelivery]]:
        query = (
            select(ReminderDeliveryRow, EffectRow.state, EffectRow.error)
            .join(EffectRow, EffectRow.id == ReminderDeliveryRow.effect_id)
            .where(ReminderDeliveryRow.reminder_id.in_(reminder_ids))
            .order_by(ReminderDeliveryRow.channel, ReminderDeliveryRow.device_id)
        )
        found: dict[UUID, list[ReminderDelivery]] = {}
        for row, state, error in await self._session.execute(query):
            delivery = ReminderDelivery(
                effect_id=row.effect_id,
                channel=Channel(row.channel),
                device_id=row.device_id,
                state=EffectState(state),
                error=row.reason or error,
            )
            found.setdefault(row.reminder_id, []).append(delivery)
        return found


def _reminder(row: ReminderRow, deliveries: Sequence[ReminderDelivery]) -> Reminder:
    return Reminder(
        id=row.id,
        date=row.date,
        offset=row.offset_days,
        remind_at=row.remind_at,
        state=ReminderState(row.state),
        reason=row.reason,
        dispatched_at=row.dispatched_at,
        settled_at=row.settled_at,
        deliveries=tuple(deliveries),
    )
