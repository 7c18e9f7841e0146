"""The schedules: one table, brought to Temporal without touching what an operator has paused."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleDescription,
    ScheduleHandle,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
    ScheduleUpdate,
    ScheduleUpdateInput,
)
from temporalio.service import RPCError, RPCStatusCode

from client.errors import ClientError
from contracts.cards import RefreshDueAccounts
from contracts.media import SweepScratch
from contracts.message import Message
from contracts.tasks import ReconcileTasks, RelayTasks

# The memo field of a schedule's action that holds the hash of its declaration.
DECLARATION = "declaration"


# A run that is due while the last one still works is left out: the next one finds what was due.
OVERLAP = ScheduleOverlapPolicy.SKIP

# Runs missed for longer than this are not made up for: one run finds all that is due.
CATCHUP_WINDOW = timedelta(minutes=10)


@dataclass(frozen=True)
class ScheduledJob:
    """A row of the table. `timeout` ends a stuck run, which would otherwise hold back every later one."""

    id: str
    job: str
    given: Message
    every: timedelta
    timeout: timedelta
    summary: str

    def declaration(self, task_queue: str) -> str:
        """Return a hash of everything that this row says, and of where its job is to run."""
        said = {
            "task_queue": task_queue,
            "job": self.job,
            "given": self.given.model_dump(mode="json"),
            "every": self.every.total_seconds(),
            "timeout": self.timeout.total_seconds(),
            "policy": [OVERLAP.name, CATCHUP_WINDOW.total_seconds()],
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


SCHEDULES = (
    ScheduledJob(
        id="relay-tasks",
        job="relay-tasks",
        given=RelayTasks(),
        every=timedelta(minutes=1),
        timeout=timedelta(minutes=10),
        summary="Start accepted tasks that the engine was not told of.",
    ),
    ScheduledJob(
        id="reconcile-tasks",
        job="reconcile-tasks",
        given=ReconcileTasks(),
        every=timedelta(minutes=5),
        timeout=timedelta(minutes=30),
        summary="End tasks whose workflow was terminated or timed out.",
    ),
    ScheduledJob(
        id="refresh-due-accounts",
        job="refresh-due-accounts",
        given=RefreshDueAccounts(),
        every=timedelta(hours=1),
        timeout=timedelta(minutes=50),
        summary="Start the card jobs that are due for each active account.",
    ),
    ScheduledJob(
        id="sweep-scratch",
        job="sweep-scratch",
        given=SweepScratch(),
        every=timedelta(days=1),
        timeout=timedelta(hours=2),
        summary="Remove what failed videos have left on the disk and nobody has retried for a week.",
    ),
)


class ScheduleUnknown(ClientError):
    """No schedule has this id."""

    def __init__(self, schedule_id: str) -> None:
        known = ", ".join(row.id for row in SCHEDULES)
        super().__init__(f"no schedule is called {schedule_id!r}; known schedules: {known}")


@dataclass(frozen=True)
class ScheduleStatus:
    """A schedule as Temporal has it; `last_run` and `next_run` are absent when there is none."""

    id: str
    summary: str
    every: timedelta
    is_paused: bool
    note: str | None
    last_run: datetime | None
    next_run: datetime | None


class Schedules:
    """The declared schedules in a Temporal namespace."""

    def __init__(self, client: Client, task_queue: str, rows: tuple[ScheduledJob, ...] = SCHEDULES) -> None:
        self._client = client
        self._task_queue = task_queue
        self._rows = rows

    async def sync(self) -> dict[str, str]:
        """Create what is missing and update what was declared differently.

        Returns what became of each: "created", "updated" or "unchanged". An operator's pause and note stay.
        """
        return {row.id: await self._sync(row) for row in self._rows}

    async def _sync(self, row: ScheduledJob) -> str:
        try:
            await self._client.create_schedule(row.id, self._schedule(row))
        except ScheduleAlreadyRunningError:
            return await self._update(row)
        return "created"

    async def _update(self, row: ScheduledJob) -> str:
        handle = self._client.get_schedule_handle(row.id)
        if await self._declared(await handle.describe()) == row.declaration(self._task_queue):
            return "unchanged"

        def changed(current: ScheduleUpdateInput) -> ScheduleUpdate:
            schedule = self._schedule(row)
            schedule.state = current.description.schedule.state
            return ScheduleUpdate(schedule)

        await handle.update(changed)
        return "updated"

    async def _declared(self, description: ScheduleDescription) -> str | None:
        action = description.schedule.action
        if not isinstance(action, ScheduleActionStartWorkflow) or not action.memo:
            return None
        payload = action.memo.get(DECLARATION)
        if payload is None:
            return None
        (declared,) = await self._client.data_converter.decode([payload], [str])
        return str(declared)

    def _schedule(self, row: ScheduledJob) -> Schedule:
        return Schedule(
            action=ScheduleActionStartWorkflow(
                row.job,
                row.given,
                id=f"schedule/{row.id}",
                task_queue=self._task_queue,
                execution_timeout=row.timeout,
                memo={DECLARATION: row.declaration(self._task_queue)},
            ),
            spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=row.every)]),
            policy=SchedulePolicy(overlap=OVERLAP, catchup_window=CATCHUP_WINDOW),
        )

    async def list(self) -> list[ScheduleStatus]:
        """Return every declared schedule that Temporal has, in the order of the table."""
        found = []
        for row in self._rows:
            try:
                description = await self._client.get_schedule_handle(row.id).describe()
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    continue
                raise
            found.append(_status(row, description))
        return found

    async def trigger(self, schedule_id: str) -> None:
        """Run it now, also while it is paused."""
        await self._handle(schedule_id).trigger()

    async def pause(self, schedule_id: str, reason: str) -> None:
        """Stop it from firing until it is resumed; the reason is shown."""
        await self._handle(schedule_id).pause(note=reason)

    async def resume(self, schedule_id: str) -> None:
        """Let it fire again; the note says so from then on."""
        # The SDK puts words of its own in the place of an empty note.
        await self._handle(schedule_id).unpause(note="resumed")

    def _handle(self, schedule_id: str) -> ScheduleHandle:
        if schedule_id not in {row.id for row in self._rows}:
            raise ScheduleUnknown(schedule_id)
        return self._client.get_schedule_handle(schedule_id)


def _status(row: ScheduledJob, description: ScheduleDescription) -> ScheduleStatus:
    info, state = description.info, description.schedule.state
    return ScheduleStatus(
        id=row.id,
        summary=row.summary,
        every=row.every,
        is_paused=state.paused,
        note=state.note or None,
        last_run=info.recent_actions[-1].started_at if info.recent_actions else None,
        next_run=info.next_action_times[0] if info.next_action_times and not state.paused else None,
    )
