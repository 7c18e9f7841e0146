"""What becomes of reminders: their deliveries are effects, and a reminder is what these have come to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from mainspring.contracts.effects import EffectState
from mainspring.contracts.gifting.occasions import Channel, ReminderState
from mainspring.storage.dialect import chunks
from mainspring.storage.repository import Repository
from mainspring.storage.tables import EffectRow
from mainspring.storage.tables.gifting.occasions import ReminderDeliveryRow, ReminderRow

# While a delivery is one of these its reminder is being sent.
OPEN = frozenset({EffectState.INTENDED, EffectState.SENDING, EffectState.UNKNOWN})

LONGEST_REASON = 500


@dataclass(frozen=True)
class Delivery:
    """A reminder that is to be sent by one channel."""

    effect_id: UUID
    reminder_id: UUID
    workspace: str
    occasion_id: str
    date: date
    channel: Channel
    device_id: str | None


class DeliveryRepository(Repository):
    """The deliveries of reminders, inside the caller's transaction."""

    async def add(self, deliveries: Sequence[Delivery]) -> None:
        """Write deliveries, whose effects are there."""
        rows = [
            {
                "effect_id": each.effect_id,
                "reminder_id": each.reminder_id,
                "workspace": each.workspace,
                "channel": each.channel,
                "device_id": each.device_id,
            }
            for each in deliveries
        ]
        if rows:
            await self._session.execute(ReminderDeliveryRow.__table__.insert(), rows)  # type: ignore[attr-defined]

    async def of_effects(self, effect_ids: Collection[UUID]) -> dict[UUID, Delivery]:
        """Return the deliveries that these effects are."""
        found: dict[UUID, Delivery] = {}
        for some in chunks(sorted(effect_ids)):
            query = (
                select(ReminderDeliveryRow, ReminderRow.occasion_id, ReminderRow.date)
                .join(ReminderRow, ReminderRow.id == ReminderDeliveryRow.reminder_id)
                .where(ReminderDeliveryRow.effect_id.in_(some))
            )
            for row, occasion_id, day in await self._session.execute(query):
                found[row.effect_id] = Delivery(
                    row.effect_id,
                    row.reminder_id,
                    row.workspace,
                    occasion_id,
                    day,
                    Channel(row.channel),
                    row.device_id,
                )
        return found

    async def note_reasons(self, reasons: Mapping[UUID, str]) -> None:
        """Note why nothing was sent, by the effect."""
        rows = [{"effect": effect_id, "why": reason} for effect_id, reason in reasons.items()]
        if rows:
            await (await self._session.connection()).execute(_NOTE_REASON, rows)

    async def conclude(self, effect_ids: Collection[UUID], *, now: datetime) -> None:
        """Bring the reminders that these effects deliver to what their deliveries have come to."""
        rows: list[dict[str, Any]] = []
        for some in chunks(sorted(effect_ids)):
            reminders = select(ReminderDeliveryRow.reminder_id).where(ReminderDeliveryRow.effect_id.in_(some))
            held = select(ReminderRow).where(ReminderRow.id.in_(reminders)).order_by(ReminderRow.id)
            held = held.with_for_update().execution_options(populate_existing=True)
            found = list(await self._session.scalars(held))
            outcomes = await self._outcomes([row.id for row in found])
            for row in found:
                state, reason = _concluded(outcomes[row.id])
                if (row.state, row.reason) != (state, reason):
                    settled = None if state is ReminderState.QUEUED else now
                    rows.append({"reminder": row.id, "is": state, "why": reason, "at": settled})
        if rows:
            await (await self._session.connection()).execute(_CONCLUDE, rows)

    async def _outcomes(
        self, reminder_ids: Sequence[UUID]
    ) -> dict[UUID, list[tuple[EffectState, str | None]]]:
        query = (
            select(
                ReminderDeliveryRow.reminder_id,
                EffectRow.state,
                ReminderDeliveryRow.reason,
                EffectRow.error,
            )
            .join(EffectRow, EffectRow.id == ReminderDeliveryRow.effect_id)
            .where(ReminderDeliveryRow.reminder_id.in_(reminder_ids))
            .order_by(ReminderDeliveryRow.effect_id)
        )
        found: dict[UUID, list[tuple[EffectState, str | None]]] = {}
        for row in await self._session.execute(query):
            outcome = EffectState(row.state), row.reason or row.error
            found.setdefault(row.reminder_id, []).append(outcome)
        return found


def _concluded(outcomes: Sequence[tuple[EffectState, str | None]]) -> tuple[ReminderState, str | None]:
    states = {state for state, _ in outcomes}
    if EffectState.SENT in states:
        return ReminderState.SENT, None
    if states & OPEN:
        return ReminderState.QUEUED, None
    worst = EffectState.FAILED if EffectState.FAILED in states else EffectState.WITHDRAWN
    reason = next((why for state, why in outcomes if state is worst and why), None)
    ended = ReminderState.FAILED if worst is EffectState.FAILED else ReminderState.SKIPPED
    return ended, None if reason is None else reason[:LONGEST_REASON]


_NOTE_REASON = (
    update(ReminderDeliveryRow)
    .where(ReminderDeliveryRow.effect_id == bindparam("effect"))
    .values(reason=bindparam("why"))
)
_CONCLUDE = (
    update(ReminderRow)
    .where(ReminderRow.id == bindparam("reminder"))
    .values(state=bindparam("is"), reason=bindparam("why"), settled_at=bindparam("at"))
)
