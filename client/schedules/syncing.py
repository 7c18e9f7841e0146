"""Bringing the table to Temporal. Several workers may do it at the same time."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from enum import StrEnum

import structlog
from temporalio.client import (
    Client,
    ScheduleAlreadyRunningError,
    ScheduleDescription,
    ScheduleState,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from mainspring.client.schedules.building import (
    TASK_QUEUE,
    built,
    declaration_of,
    is_of,
    is_of_earlier,
    key_of,
    unmarked_input,
)
from mainspring.client.schedules.changes import changes
from mainspring.client.schedules.pauses import Pause, switched
from mainspring.client.schedules.rows import ScheduledJob
from mainspring.gateways.temporal.payloads import OURS, WRITTEN_BY

log = structlog.get_logger(__name__)


class Synced(StrEnum):
    """What became of a schedule; of an updated one it is said what changed."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SWITCHED_OFF = "switched off"
    SWITCHED_ON = "switched on"
    REMOVED = "removed"
    TAKEN = "not touched: somebody else has a schedule of this name"


class Sync:
    """One sync of the rows, as the settings have them, for a task queue."""

    def __init__(self, client: Client, task_queue: str, rows: Sequence[ScheduledJob]) -> None:
        self._client = client
        self._task_queue = task_queue
        self._rows = rows

    async def run(self) -> dict[str, str]:
        """Bring all rows, and remove what this service made for its task queue and declares no more."""
        outcomes, removed = await asyncio.gather(
            asyncio.gather(*(self._bring(row) for row in self._rows)), self._remove_undeclared()
        )
        became: dict[str, str] = dict(zip((row.id for row in self._rows), outcomes, strict=True)) | removed
        for schedule_id, outcome in became.items():
            if outcome == Synced.TAKEN:
                log.warning("schedule not synced", schedule=schedule_id, reason=outcome)
            elif outcome != Synced.UNCHANGED:
                log.info("schedule synced", schedule=schedule_id, outcome=outcome)
        return became

    async def _bring(self, row: ScheduledJob) -> str:
        handle = self._client.get_schedule_handle(row.id)
        try:
            return await self._adjust(row, await handle.describe())
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
        try:
            await self._create(row, ScheduleState())
        except ScheduleAlreadyRunningError:  # another worker was faster
            return await self._adjust(row, await handle.describe())
        return Synced.CREATED

    async def _create(self, row: ScheduledJob, state: ScheduleState) -> None:
        schedule = built(row, self._task_queue)
        schedule.state = switched(state, row.switched_off_by)
        await self._client.create_schedule(row.id, schedule, memo={TASK_QUEUE: self._task_queue})

    async def _make_anew(self, row: ScheduledJob, state: ScheduleState) -> str:
        # Temporal has no way to mark a schedule that is there.
        await self._remove(row.id)
        with suppress(ScheduleAlreadyRunningError):  # another worker was faster
            await self._create(row, state)
        return Synced.UPDATED

    async def _adjust(self, row: ScheduledJob, described: ScheduleDescription) -> str:
        if await is_of_earlier(self._client, described, self._task_queue):
            return await self._make_anew(row, described.schedule.state)
        if not await is_of(described, self._task_queue):
            return Synced.TAKEN
        is_same = await declaration_of(self._client, described) == row.declaration(self._task_queue)
        has_key = await key_of(self._client, described) == row.key
        words = _words(row, described, is_same=is_same, has_key=has_key)
        if not words:
            return Synced.UNCHANGED

        def changed(current: ScheduleUpdateInput) -> ScheduleUpdate:
            found = current.description.schedule
            # What an operator has done to the timing stays until the declaration changes.
            schedule, anew = found, built(row, self._task_queue)
            if not is_same:
                schedule = anew
            elif not has_key:
                schedule.action = anew.action
            elif (given := unmarked_input(current.description, row)) is not None:
                given.metadata[WRITTEN_BY] = OURS
            schedule.state = switched(found.state, row.switched_off_by)
            return ScheduleUpdate(schedule)

        await self._client.get_schedule_handle(row.id).update(changed)
        return ", ".join(words)

    async def _remove_undeclared(self) -> dict[str, str]:
        declared = {row.id for row in self._rows}
        gone = [
            entry.id
            async for entry in await self._client.list_schedules()
            if entry.id not in declared and await is_of(entry, self._task_queue)
        ]
        await asyncio.gather(*(self._remove(schedule_id) for schedule_id in gone))
        return dict.fromkeys(gone, str(Synced.REMOVED))

    async def _remove(self, schedule_id: str) -> None:
        try:
            await self._client.get_schedule_handle(schedule_id).delete()
        except RPCError as error:  # another worker was faster
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise


def _words(row: ScheduledJob, described: ScheduleDescription, *, is_same: bool, has_key: bool) -> list[str]:
    """Say what a sync changes of a schedule; nothing, if all is as it should be."""
    words: list[str] = []
    if not is_same:
        words.append(f"{Synced.UPDATED}: {changes(described.schedule, row)}")
    elif not has_key:
        words.append(f"{Synced.UPDATED}: its runs take the key of the job")
    elif unmarked_input(described, row) is not None:
        words.append(f"{Synced.UPDATED}: its input says that it is ours")
    pause = Pause.of(described.schedule.state)
    if (pause.switch if pause else None) != row.switched_off_by:
        words.append(Synced.SWITCHED_OFF if row.switched_off_by else Synced.SWITCHED_ON)
    return words
