"""The worker is killed with signal 9, another is started at once, and the ledger says when work went on."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select
from temporalio.api.history.v1 import HistoryEvent

from mainspring.client.webhooks import WebhookSubscriptions
from mainspring.config.secrets import encryption_key
from mainspring.config.settings import Settings
from mainspring.contracts.cards import DiscoverSets
from mainspring.contracts.tasks import TaskState
from mainspring.domain.queues import consumer_of
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
from tests.acceptance.drill_site import DrillSite, drill_site, is_anything_active
from tests.acceptance.drill_waits import Waits
from tests.deliveries import made_up_delivery
from tests.state_counts import state_counts

SECOND = timedelta(seconds=1)
POLL_SECONDS = 0.1

# What was not in flight goes on after the first, what was after the second.
QUEUED_WITHIN = 5 * SECOND
IN_FLIGHT_WITHIN = 15 * SECOND

# As many as the consumer works at the same time: while these hang, nothing else is worked.
IN_FLIGHT = (DELIVER.queue.page * DELIVER.queue.parallel) if DELIVER.queue is not None else 0
QUEUED = 100

# The attempt that the kill ended, and the one that brought the task to its end.
TAKEN_UP_ONCE_MORE = {2}

# A single one that hangs is not given all places.
RECEIVERS = 50

# A workflow falls asleep meanwhile, or another is tried; its timer is due this long after the kill. On a busy
# machine the kill comes later, and still before that.
ASLEEP_WITHIN = 5 * SECOND
DUE_AFTER_KILL = 3 * SECOND

# Events of a workflow that has asked the ledger, and sleeps until its time has come.
ASLEEP = 6


@dataclass(frozen=True)
class Recovery:
    """How long after the kill work went on: of tasks that waited, in both lanes, and of those in flight.

    It is the time that timeouts, back-offs and timers took, as the workflows' histories have them. A busy
    machine takes longer over the rest, and decides nothing. `attempts` are those of the tasks in flight.
    """

    pooled: timedelta
    own: timedelta
    timer: timedelta
    in_flight: timedelta
    attempts: set[int]

    def __str__(self) -> str:
        """Return the seconds of each."""
        times = {name: each for name, each in vars(self).items() if isinstance(each, timedelta)}
        return " ".join(f"{name} {each.total_seconds():.1f}" for name, each in times.items())


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
        claims: Mapping[UUID, str] = {}
        while len(claims) < IN_FLIGHT:
            await asyncio.sleep(POLL_SECONDS)
            claims = await self._claims()
        timer = await self._asleep_until_after_the_kill()
        pid = self.site.worker.pid
        self.site.worker.kill()
        waits = partial(Waits, killed_at=datetime.now(UTC), pid=pid)
        for receiver in self.receivers:
            receiver.recover()
        self.site.worker.start()
        own = await self.site.jobs.start(DISCOVER_SETS, _asked())
        while await self._is_anything_active():
            self.site.worker.check()
            await asyncio.sleep(POLL_SECONDS)
        (run_id,) = {claim.split("/")[0] for claim in claims.values()}
        consumer = waits(await self._history(consumer_of(DELIVER.name), run_id))
        return Recovery(
            pooled=consumer.until_an_activity_begins(),
            own=waits(await self._history_of(own.id)).all(),
            timer=waits(await self._history_of(timer)).all(),
            in_flight=consumer.of_an_activity(),
            attempts=await self._attempts(claims),
        )

    async def _asleep_until_after_the_kill(self) -> UUID:
        """Return a task that sleeps, at the moment of the kill: three seconds before its time comes."""
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

    async def _claims(self) -> Mapping[UUID, str]:
        """Return the claims of the deliveries that are under way."""
        claimed = select(TaskRow.id, TaskRow.claimed_by).where(TaskRow.claimed_by.is_not(None))

        async def look(session: Session) -> Mapping[UUID, str]:
            return {task_id: str(claim) for task_id, claim in await session.execute(claimed)}

        return await self.site.database.read(look)

    async def _is_anything_active(self) -> bool:
        return await self.site.database.read(is_anything_active)

    async def _attempts(self, task_ids: Collection[UUID]) -> set[int]:
        """Return how many attempts each of these has taken."""
        attempts = select(TaskRow.attempts).where(TaskRow.id.in_(task_ids))

        async def look(session: Session) -> set[int]:
            return {*await session.scalars(attempts)}

        return await self.site.database.read(look)

    async def _history_of(self, task_id: UUID) -> Sequence[HistoryEvent]:
        return await self._history((await self.site.jobs.tasks.get(task_id)).workflow_id)

    async def _history(self, workflow_id: str, run_id: str | None = None) -> Sequence[HistoryEvent]:
        workflow = self.site.temporal_client.client.get_workflow_handle(workflow_id, run_id=run_id)
        return (await workflow.fetch_history()).events


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
            assert TAKEN_UP_ONCE_MORE == recovery.attempts

        counts = await state_counts(at.site.database)

    assert {TaskState.SUCCESS: kills * (IN_FLIGHT + QUEUED), TaskState.FAILED: kills + at.timers} == counts
