"""Reminders whose moment has come, and what is known of whom they are for."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select, update

from mainspring.contracts.gifting.occasions import ReminderState
from mainspring.contracts.people import User
from mainspring.storage.gifting.occasions import zoned_occasions
from mainspring.storage.gifting.planning import OccasionKey, Zoned
from mainspring.storage.people import DeviceRepository, UserRepository
from mainspring.storage.repository import Repository
from mainspring.storage.tables.gifting.occasions import WAITING, ReminderRow


@dataclass(frozen=True)
class Addressed:
    """An occasion as it is now, with its user and the ids of the user's devices."""

    zoned: Zoned
    user: User
    devices: Sequence[str]


@dataclass(frozen=True)
class DueReminder:
    """A reminder whose moment has come. `addressed` is None when its occasion, or its user, is gone."""

    row: ReminderRow
    addressed: Addressed | None

    @property
    def key(self) -> OccasionKey:
        """How the occasion is found."""
        return self.row.workspace, self.row.occasion_id


class DueReminders(Repository):
    """Takes up due reminders of all workspaces, inside the caller's transaction."""

    async def take(self, *, limit: int, now: datetime) -> list[DueReminder]:
        """Return the reminders that have waited longest; they are held until the transaction ends.

        What another transaction takes up meanwhile is left out.
        """
        due = (
            select(ReminderRow.id, ReminderRow.workspace, ReminderRow.occasion_id)
            .where(WAITING, ReminderRow.remind_at <= now)
            .order_by(ReminderRow.remind_at, ReminderRow.id)
            .limit(limit)
        )
        found = (await self._session.execute(due)).all()
        # Occasions before reminders, as those who store them do, or two could wait for each other.
        known = await self.addressed({(row.workspace, row.occasion_id) for row in found}, held=True)
        held = (
            select(ReminderRow)
            .where(ReminderRow.id.in_([row.id for row in found]), WAITING, ReminderRow.remind_at <= now)
            .order_by(ReminderRow.remind_at, ReminderRow.id)
            .with_for_update(skip_locked=True)
            .execution_options(populate_existing=True)
        )
        rows = await self._session.scalars(held)
        return [DueReminder(row, known.get((row.workspace, row.occasion_id))) for row in rows]

    async def addressed(
        self, occasions: Collection[OccasionKey], *, held: bool = False
    ) -> dict[OccasionKey, Addressed]:
        """Return these occasions with their users; with `held` nobody changes the occasions meanwhile."""
        found: dict[OccasionKey, Addressed] = {}
        for workspace in sorted({workspace for workspace, _ in occasions}):
            ids = sorted(each for of, each in occasions if of == workspace)
            zoned = await zoned_occasions(self._session, workspace, ids, held=held)
            user_ids = {each.occasion.user_id for each in zoned}
            users = await UserRepository(self._session, workspace).of_ids(user_ids)
            devices = await DeviceRepository(self._session, workspace).of_users(user_ids)
            for each in zoned:
                user = users[each.occasion.user_id]
                found[each.key] = Addressed(each, user, devices.get(user.id, ()))
        return found

    async def note_dispatched(self, skipped: Mapping[UUID, str | None], *, now: datetime) -> None:
        """Write what became of reminders: skipped for a reason, or, with None, about to be sent."""
        rows: list[dict[str, Any]] = [
            {
                "reminder": reminder_id,
                "is": ReminderState.QUEUED if reason is None else ReminderState.SKIPPED,
                "why": reason,
                "at": now,
                "end": None if reason is None else now,
            }
            for reminder_id, reason in skipped.items()
        ]
        if rows:
            await (await self._session.connection()).execute(_NOTE_DISPATCHED, rows)


_NOTE_DISPATCHED = (
    update(ReminderRow)
    .where(ReminderRow.id == bindparam("reminder"))
    .values(
        state=bindparam("is"),
        reason=bindparam("why"),
        dispatched_at=bindparam("at"),
        settled_at=bindparam("end"),
    )
)
