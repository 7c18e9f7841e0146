"""The worker is killed with signal 9, another is started at once, and the ledger says when work went on."""

import asyncio
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import ColumnElement, func, select

from mainspring.client.webhooks import WebhookSubscriptions
from mainspring.config.secrets import encryption_key
from mainspring.config.settings import Settings
from mainspring.contracts.cards import DiscoverSets
from mainspring.contracts.tasks import TaskState
from mainspring.emulators.webhooks import Fault, Receiver, WebhookEmulator
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.database import Session
from mainspring.storage.ledger import TaskIntake
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import TaskRow
from mainspring.testing.service import PATIENCE
from mainspring.workflows.cards import DISCOVER_SETS
from mainspring.workflows.webhooks import DELIVER
from tests.acceptance.drill_site import DrillSite, drill_site
from tests.deliveries import made_up_delivery
from tests.state_counts import state_counts

SECOND = timedelta(seconds=1)
POLL_SECONDS = 0.1

# What was not in flight goes on after the first, what was after the second.
QUEUED_WITHIN = 5 * SECOND
IN_FLIGHT_WITHIN = 15 * SECOND

# A worker starts in this time; what it takes longer on a busy machine is the machine's delay.
STARTS_WITHIN = 2 * SECOND

# As many as the consumer works at the same time: while these hang, nothing else is worked.
IN_FLIGHT = (DELIVER.queue.page * DELIVER.queue.parallel) if DELIVER.queue is not None else 0
QUEUED = 100

# A single one that hangs is not given all places.
RECEIVERS = 50

# A workflow falls asleep meanwhile, or another is tried; its timer is due this long after the kill.
ASLEEP_WITHIN = 2 * SECOND
DUE_AFTER_KILL = 0.5 * SECOND

# Events of a workflow that has asked the ledger, and sleeps until its time has come.
ASLEEP = 6


@dataclass(frozen=True)
class Recovery:
    """How long after the kill work went on: of tasks that waited, in both lanes, and of those in flight."""

    pooled: timedelta
    own: timedelta
    timer: timedelta
    in_flight: timedelta

    def __str__(self) -> str:
        """Return the seconds of each."""
        return " ".join(f"{name} {each.total_seconds():.1f}" for name, each in vars(self).items())


@dataclass
class Drill:
    """What runs. The receivers hang while everything is got under way."""

    site: DrillSite
    temporal: TemporalGateway
    subscriptions: Sequence[UUID]
    receivers: Collection[Receiver]
    timers: int = 0

    async def recovery(self) -> Recovery:
        """Kill the worker while it is busy, start another, and see the work to its end."""
        for receiver in self.receivers:
            receiver.fail(Fault.HANG)
        told = [made_up_delivery(self.subscriptions[n % RECEIVERS], n) for n in range(IN_FLIGHT + QUEUED)]
        await self.site.jobs.start_many(DELIVER, told)
        in_flight: Collection[UUID] = ()
        while len(in_flight) < IN_FLIGHT:
            await asyncio.sleep(POLL_SECONDS)
            in_flight = await self._ids(TaskRow.claimed_by.is_not(None))
        timer = await self._asleep_until_after_the_kill()
        self.site.worker.kill()
        killed_at = datetime.now(UTC)
        for receiver in self.receivers:
            receiver.recover()
        self.site.worker.start()
        own = await self.site.jobs.start(DISCOVER_SETS, _asked())
        while await self._ids(TaskRow.finished_at.is_(None)):
            self.site.worker.check()
            await asyncio.sleep(POLL_SECONDS)
        began_at = killed_at + self._late()
        first, last = func.min(TaskRow.started_at), func.max(TaskRow.finished_at)
        return Recovery(
            pooled=await self._at(first, TaskRow.job == DELIVER.name, TaskRow.started_at > killed_at)
            - began_at,
            own=await self._at(first, TaskRow.id == own.id) - began_at,
            timer=await self._at(first, TaskRow.id == timer) - began_at,
            in_flight=await self._at(last, TaskRow.id.in_(in_flight)) - began_at,
        )

    def _late(self) -> timedelta:
        worker = self.site.worker
        return max(timedelta(), worker.ready_at() - worker.started_at - STARTS_WITHIN)

    async def _asleep_until_after_the_kill(self) -> UUID:
        """Return a task that sleeps, at the moment of the kill: half a second before its time comes."""
        while True:
            due = SystemClock().now() + ASLEEP_WITHIN
            timer = await self._sleeping_until(due)
            self.timers += 1
            kill_in = due - DUE_AFTER_KILL - SystemClock().now()
            if kill_in > timedelta():
                await asyncio.sleep(kill_in.total_seconds())
                return timer

    async def _sleeping_until(self, due: datetime) -> UUID:
        """Start a task too early, so that its workflow waits on a timer of its own; return its id."""
        task = DISCOVER_SETS.task(uuid4(), _asked(), triggered_by="drill", starts_at=due)
        await self.site.database.transact(
            lambda session: TaskIntake(session).enqueue([task], now=SystemClock().now())
        )
        await self.temporal.start(
            task.job, task.workflow_id, task.input, task_id=task.id, priority=task.priority
        )
        while await self.temporal.history_length(task.workflow_id) < ASLEEP:  # noqa: ASYNC110  # polled
            await asyncio.sleep(POLL_SECONDS)
        return task.id

    async def _ids(self, where: ColumnElement[bool]) -> Collection[UUID]:
        async def look(session: Session) -> Collection[UUID]:
            return (await session.scalars(select(TaskRow.id).where(where))).all()

        return await self.site.database.read(look)

    async def _at(self, moment: ColumnElement[datetime | None], *where: ColumnElement[bool]) -> datetime:
        async def look(session: Session) -> datetime | None:
            return await session.scalar(select(moment).where(*where))

        found = await self.site.database.read(look)
        assert found is not None
        return found


def _asked() -> DiscoverSets:
    # Nobody has this account: the task fails when it runs, and what counts here is when it begins.
    return DiscoverSets(account_id=uuid4())


@asynccontextmanager
async def drill(folder: Path) -> AsyncIterator[Drill]:
    """Run an installation of its own until the block ends."""
    settings = Settings(state_dir=folder)
    async with AsyncExitStack() as stack:
        receivers = await stack.enter_async_context(WebhookEmulator())
        site = await stack.enter_async_context(drill_site(settings, MAINSPRING_WEBHOOKS_ALLOW_PRIVATE="true"))
        box = SecretBox(encryption_key(settings))
        subscriptions = WebhookSubscriptions(site.database, box, SystemClock(), allow_private=True)
        added = []
        for name in map(str, range(RECEIVERS)):
            one = await subscriptions.add(receivers.url(name), fairness_key="none")
            receivers.receivers[name].secret = one.secret
            added.append(one.subscription.id)
        site.worker.start()
        await site.worker.ready()
        temporal = TemporalGateway(site.temporal_client.client, settings.task_queue, patience=PATIENCE)
        yield Drill(site, temporal, added, receivers.receivers.values())


@pytest.mark.parametrize(
    "kills",
    [
        pytest.param(1, id="short"),
        pytest.param(10, id="long", marks=[pytest.mark.drill, pytest.mark.timeout(900)]),
    ],
)
async def test_what_waits_goes_on_5_seconds_after_a_kill_and_what_was_in_flight_after_15(
    kills: int, tmp_path: Path
) -> None:
    """Queued tasks of both lanes, and one whose timer is due, need not wait until a death is noticed."""
    async with drill(tmp_path) as at:
        for _ in range(kills):
            recovery = await at.recovery()
            print(f"went on after a kill, in seconds: {recovery}")  # noqa: T201  # for people
            assert max(recovery.pooled, recovery.own, recovery.timer) <= QUEUED_WITHIN
            assert recovery.in_flight <= IN_FLIGHT_WITHIN

        counts = await state_counts(at.site.database)

    assert {TaskState.SUCCESS: kills * (IN_FLIGHT + QUEUED), TaskState.FAILED: kills + at.timers} == counts
