"""An operator's hold on the schedules. Temporal has them: the service's own database is not needed."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime

from temporalio.client import (
    Client,
    ScheduleBackfill,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleOverlapPolicy,
    ScheduleState,
)
from temporalio.service import RPCError, RPCStatusCode

from mainspring.client.errors import BadInput
from mainspring.client.other_ledger import refuse_other_ledger
from mainspring.client.schedules.building import is_of
from mainspring.client.schedules.changes import zone_of
from mainspring.client.schedules.errors import ScheduleSwitchedOff, ScheduleUnknown
from mainspring.client.schedules.firings import firings
from mainspring.client.schedules.pauses import Pause, checked_reason, paused
from mainspring.client.schedules.previews import Planned, in_order, planned
from mainspring.client.schedules.rows import SCHEDULES, ScheduledJob
from mainspring.client.schedules.statuses import ScheduleStatus, status_of, with_last_run
from mainspring.client.schedules.syncing import Sync
from mainspring.config.settings import Settings
from mainspring.config.zones import zone_named


class Schedules:
    """The declared schedules in a Temporal namespace, as the settings have them."""

    def __init__(self, client: Client, settings: Settings, rows: Sequence[ScheduledJob] = SCHEDULES) -> None:
        self._client, self._settings = client, settings
        self._task_queue = settings.task_queue
        self._rows = {row.id: row.as_set(settings) for row in rows}

    async def sync(self) -> dict[str, str]:
        """Create what is missing, update what was declared differently, and remove what no longer is.

        Returns what became of each, in the words of `Synced`: "updated: zone UTC -> Europe/Berlin". An
        operator's pause stays; so does a schedule that is somebody else's.
        """
        return await Sync(self._client, self._task_queue, tuple(self._rows.values())).run()

    async def list(self) -> list[ScheduleStatus]:
        """Return every declared schedule that Temporal has, as it has it, in the order of the table."""
        found = [status_of(self._rows[each.id], each) for each in await self._described()]
        return list(await asyncio.gather(*(with_last_run(self._client, each) for each in found)))

    async def trigger(self, schedule_id: str) -> None:
        """Run it now, also while it is paused. While a run is at work, none is added.

        Raises OtherLedger: when the workers work for another ledger than that of the settings.
        Raises BadInput: when the schedule is not in Temporal yet.
        """
        self._row(schedule_id)
        await refuse_other_ledger(self._settings, self._client)
        await self._describe(schedule_id)
        await self._handle(schedule_id).trigger()

    async def pause(self, schedule_id: str, reason: str, *, by: str) -> Pause | None:
        """Stop it from firing until it is resumed; who did it and why is shown. Return what holds it now.

        BadInput: there is no reason, or it is longer than 200 characters.
        """
        reason = checked_reason(reason)
        described = await self._describe(schedule_id)
        note = paused(described.schedule.state, by, reason)
        await self._handle(schedule_id).pause(note=note)
        return Pause.of(ScheduleState(paused=True, note=note))

    async def resume(self, schedule_id: str, *, by: str) -> tuple[Pause | None, Pause | None]:
        """Take an operator's pause away. Return what held the schedule, and what still does: a setting.

        Nothing is done to one that nothing held. ScheduleSwitchedOff: nothing but a setting held it.
        """
        described = await self._describe(schedule_id)
        pause, handle = Pause.of(described.schedule.state), self._handle(schedule_id)
        if pause is None:
            return None, None
        if pause.switch is not None:
            if not pause.is_operators:
                raise ScheduleSwitchedOff(schedule_id, pause.switch)
            left = Pause(switch=pause.switch)
            await handle.pause(note=left.note())
            return pause, left
        await handle.unpause(note=f"resumed by {by}")
        return pause, None

    async def firings(self, schedule_id: str, start: datetime, end: datetime) -> Sequence[datetime]:
        """Return when it fires from `start` to `end`, both included, in its own zone."""
        described = await self._describe(schedule_id)
        zone = zone_named(zone_of(described.schedule))
        return [each.astimezone(zone) for each in await firings(self._client, schedule_id, start, end)]

    async def backfill(self, schedule_id: str, start: datetime, end: datetime) -> int:
        """Run what would have fired from `start` to `end`, one after another; return how many that are.

        Each is run, also one that ran before, and also while the schedule is paused. Firings that come
        meanwhile are left out. BadInput: the time is not over. OtherLedger: as for `trigger`.
        """
        if end > datetime.now(UTC):
            raise BadInput(f"until {end.isoformat()}: only what is past can be made up for")
        count = len(await self.firings(schedule_id, start, end))
        if count:
            await refuse_other_ledger(self._settings, self._client)
            backfill = ScheduleBackfill(
                start.astimezone(UTC), end.astimezone(UTC), ScheduleOverlapPolicy.BUFFER_ALL
            )
            await self._handle(schedule_id).backfill(backfill)
        return count

    async def preview(
        self, start: datetime, end: datetime, schedule_id: str | None = None
    ) -> Sequence[Planned]:
        """Return what fires from `start` to `end`, in the order of time; paused schedules as if they did.

        What fires more often than hourly is counted by the day, unless it is asked for alone.
        """
        chosen = await self._described() if schedule_id is None else [await self._describe(schedule_id)]
        all_times = await asyncio.gather(*(firings(self._client, each.id, start, end) for each in chosen))
        entries = [
            entry
            for described, times in zip(chosen, all_times, strict=True)
            for entry in planned(described, times, start, end, each=schedule_id is not None)
        ]
        return in_order(entries)

    async def zone(self, schedule_id: str) -> str:
        """Return the zone that times of a schedule are in; ScheduleUnknown for none of ours."""
        return zone_of((await self._describe(schedule_id)).schedule)

    async def _described(self) -> Sequence[ScheduleDescription]:
        found = await asyncio.gather(*(self._describe_any(each) for each in self._rows))
        return [each for each in found if each is not None]

    async def _describe(self, schedule_id: str) -> ScheduleDescription:
        self._row(schedule_id)
        found = await self._describe_any(schedule_id)
        if found is None:
            raise BadInput(f"{schedule_id} is not in Temporal yet: `mainspring schedules sync` brings it")
        return found

    async def _describe_any(self, schedule_id: str) -> ScheduleDescription | None:
        try:
            described = await self._client.get_schedule_handle(schedule_id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return None
            raise
        return described if await is_of(described, self._task_queue) else None

    def _handle(self, schedule_id: str) -> ScheduleHandle:
        self._row(schedule_id)
        return self._client.get_schedule_handle(schedule_id)

    def _row(self, schedule_id: str) -> ScheduledJob:
        if schedule_id not in self._rows:
            raise ScheduleUnknown(schedule_id, self._rows)
        return self._rows[schedule_id]
