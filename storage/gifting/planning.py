"""Reminders of occasions as rows: what is planned is written, what no longer holds is taken out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import bindparam, delete, func, select, update

from mainspring.contracts.gifting.occasions import Occasion, ReminderState, SkipReason
from mainspring.domain.gifting.reminders import Planned, plan, plan_after
from mainspring.storage.dialect import chunks, insert_new
from mainspring.storage.repository import Repository
from mainspring.storage.tables.gifting.occasions import WAITING, ReminderRow

# A workspace and an occasion of it.
OccasionKey = tuple[str, str]


@dataclass(frozen=True)
class Zoned:
    """An occasion with its workspace, and with its own zone or that of its user."""

    workspace: str
    occasion: Occasion
    zone: str

    @property
    def key(self) -> OccasionKey:
        """How the occasion is found."""
        return self.workspace, self.occasion.id


@dataclass
class _Changes:
    new: list[dict[str, Any]] = field(default_factory=list)
    changed: list[dict[str, Any]] = field(default_factory=list)
    gone: list[UUID] = field(default_factory=list)


class ReminderPlanner(Repository):
    """Writes what is planned, inside the caller's transaction. The caller holds the occasions."""

    async def replan(self, occasions: Sequence[Zoned], *, now: datetime) -> None:
        """Bring the reminders of occasions to how the occasions are now.

        A reminder that is due already, and still planned, stays as it is: it is about to be sent.
        """
        for page in chunks(occasions):
            existing = await self._open_rows(page)
            changes = _Changes()
            for each in page:
                wanted = plan(each.occasion, each.zone, now=now)
                _compare(each, wanted, existing.get(each.key, []), changes, now)
            await self._write(changes)

    async def plan_next_years(
        self, lasts: Mapping[OccasionKey, tuple[Zoned, date]], *, now: datetime
    ) -> None:
        """Plan the year after `last` of each yearly occasion of which no reminder waits any more."""
        waiting = set()
        for workspace in {workspace for workspace, _ in lasts}:
            ids = [occasion_id for of, occasion_id in lasts if of == workspace]
            query = select(ReminderRow.occasion_id).where(
                WAITING, ReminderRow.workspace == workspace, ReminderRow.occasion_id.in_(ids)
            )
            waiting |= {(workspace, each) for each in await self._session.scalars(query)}
        rows = [
            _row(zoned, each, now)
            for key, (zoned, last) in lasts.items()
            if key not in waiting
            for each in plan_after(zoned.occasion, last, zoned.zone, now=now)
        ]
        await self._write(_Changes(new=rows))

    async def forget(self, workspace: str, occasion_ids: Sequence[str]) -> None:
        """Take out the reminders of occasions that are not being sent."""
        for some in chunks(occasion_ids):
            await self._session.execute(
                delete(ReminderRow).where(
                    ReminderRow.workspace == workspace,
                    ReminderRow.occasion_id.in_(some),
                    ReminderRow.dispatched_at.is_(None),
                )
            )

    async def first_moment(self) -> datetime | None:
        """Return when the first reminder of all is due; None when none waits."""
        return await self._session.scalar(select(func.min(ReminderRow.remind_at)).where(WAITING))

    async def _open_rows(self, page: Sequence[Zoned]) -> dict[OccasionKey, list[ReminderRow]]:
        """Return the reminders that nobody has been sent or skipped in their turn."""
        found: dict[OccasionKey, list[ReminderRow]] = {}
        for workspace in sorted({each.workspace for each in page}):
            ids = [each.occasion.id for each in page if each.workspace == workspace]
            query = select(ReminderRow).where(
                ReminderRow.workspace == workspace,
                ReminderRow.occasion_id.in_(ids),
                ReminderRow.dispatched_at.is_(None),
            )
            held = query.order_by(ReminderRow.id).with_for_update()
            for row in await self._session.scalars(held.execution_options(populate_existing=True)):
                found.setdefault((row.workspace, row.occasion_id), []).append(row)
        return found

    async def _write(self, changes: _Changes) -> None:
        for gone in chunks(changes.gone):
            await self._session.execute(
                delete(ReminderRow)
                .where(ReminderRow.id.in_(gone))
                .execution_options(synchronize_session=False)
            )
        connection = await self._session.connection()
        for changed in chunks(changes.changed):
            await connection.execute(_CHANGE, changed)
        for new in chunks(changes.new):
            await self._session.execute(insert_new(self._session, ReminderRow), new)


def _compare(
    zoned: Zoned, wanted: Sequence[Planned], rows: Sequence[ReminderRow], changes: _Changes, now: datetime
) -> None:
    by_key = {(row.date, row.offset_days): row for row in rows}
    for each in wanted:
        row = by_key.pop((each.date, each.offset), None)
        if row is None:
            changes.new.append(_row(zoned, each, now))
        elif row.state == ReminderState.QUEUED and row.remind_at <= now:
            continue
        elif row.remind_at != each.remind_at or (row.state == ReminderState.QUEUED) is each.is_past:
            changes.changed.append({"reminder": row.id, **_standing(each, now)})
    changes.gone += [row.id for row in by_key.values()]


def _row(zoned: Zoned, planned: Planned, now: datetime) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "workspace": zoned.workspace,
        "occasion_id": zoned.occasion.id,
        "date": planned.date,
        "offset_days": planned.offset,
        "dispatched_at": None,
        **_standing(planned, now),
    }


def _standing(planned: Planned, now: datetime) -> dict[str, Any]:
    return {
        "remind_at": planned.remind_at,
        "state": ReminderState.SKIPPED if planned.is_past else ReminderState.QUEUED,
        "reason": SkipReason.PAST if planned.is_past else None,
        "settled_at": now if planned.is_past else None,
    }


_CHANGE = (
    update(ReminderRow)
    .where(ReminderRow.id == bindparam("reminder"))
    .values({name: bindparam(name) for name in ("remind_at", "state", "reason", "settled_at")})
)
