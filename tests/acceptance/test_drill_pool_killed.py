"""The worker is killed with signal 9 while it delivers webhooks, again and again.

In short: test_drill_storm.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from sqlalchemy import select

from mainspring.client.jobs import Jobs
from mainspring.client.webhooks import WebhookSubscriptions
from mainspring.config.secrets import encryption_key
from mainspring.config.settings import Settings
from mainspring.contracts.tasks import TaskState
from mainspring.emulators.webhooks import WebhookEmulator
from mainspring.gateways.clock import SystemClock
from mainspring.storage.database import Database, Session
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import TaskRow
from mainspring.workflows.webhooks import DELIVER
from tests.acceptance.drill_processes import WorkerProcess
from tests.acceptance.drill_site import drill_site
from tests.deliveries import made_up_delivery
from tests.state_counts import state_counts

RECEIVERS = 20

# A random moment of the work, once it goes on; hundreds a second are delivered.
LONGEST_PAUSE_SECONDS = 1.0

GOES_ON_WITHIN_SECONDS = 60

DELIVERIES, KILLS = 10_000, 20


@dataclass
class Drill:
    """What runs, and the deliveries that were claimed at the moment of a kill."""

    database: Database
    jobs: Jobs
    subscriptions: WebhookSubscriptions
    worker: WorkerProcess
    receivers: WebhookEmulator
    in_flight: set[str] = field(default_factory=set)

    async def start(self, count: int) -> set[str]:
        """Start so many deliveries; return their ids."""
        added = []
        for number in range(RECEIVERS):
            one = await self.subscriptions.add(self.receivers.url(str(number)), fairness_key="none")
            self.receivers.receivers[str(number)].secret = one.secret
            added.append(one.subscription.id)
        started = await self.jobs.start_many(
            DELIVER, [made_up_delivery(added[n % RECEIVERS], n) for n in range(count)]
        )
        return {str(each.id) for each in started}

    async def kill(self) -> None:
        """Kill the worker and start another; note what was claimed."""
        self.worker.kill()
        self.in_flight |= await self._claimed()
        self.worker.start()

    async def _claimed(self) -> set[str]:
        async def look(session: Session) -> set[str]:
            query = select(TaskRow.id).where(TaskRow.claimed_by.is_not(None))
            return {str(each) for each in await session.scalars(query)}

        return await self.database.read(look)

    async def goes_on(self) -> bool:
        """Wait until something more is delivered; return False when all has been."""
        before = self.receivers.accepted.total()
        async with asyncio.timeout(GOES_ON_WITHIN_SECONDS):
            while self.receivers.accepted.total() == before:
                if not await self.is_under_way():
                    return False
                await asyncio.sleep(0.05)
        return True

    async def counts(self) -> dict[TaskState, int]:
        """Return how many deliveries are in each state: schedules may start tasks of their own meanwhile."""
        return await state_counts(self.database, job=DELIVER.name)

    async def is_under_way(self) -> bool:
        """Whether a delivery is not final."""
        counts = await self.counts()
        return bool(counts.keys() - {TaskState.SUCCESS})


@asynccontextmanager
async def drill(folder: Path) -> AsyncIterator[Drill]:
    """Run an installation of its own until the block ends."""
    settings = Settings(state_dir=folder)
    async with AsyncExitStack() as stack:
        receivers = await stack.enter_async_context(WebhookEmulator())
        site = await stack.enter_async_context(drill_site(settings, MAINSPRING_WEBHOOKS_ALLOW_PRIVATE="true"))
        box = SecretBox(encryption_key(settings))
        subscriptions = WebhookSubscriptions(site.database, box, SystemClock(), allow_private=True)
        site.worker.start()
        yield Drill(site.database, site.jobs, subscriptions, site.worker, receivers)


@pytest.mark.drill
@pytest.mark.timeout(1_800)
async def test_a_worker_that_is_killed_loses_no_delivery_and_repeats_only_those_in_flight(
    tmp_path: Path, drill_random: Random
) -> None:
    """All end SUCCESS; what is delivered again was claimed at a kill, and has the same webhook-id."""
    async with drill(tmp_path) as at:
        ids = await at.start(DELIVERIES)
        done = 0
        while done < KILLS and await at.goes_on():
            await asyncio.sleep(drill_random.uniform(0, LONGEST_PAUSE_SECONDS))
            await at.kill()
            done += 1
        while await at.goes_on():
            at.worker.check()
        repeated = {each for each, count in at.receivers.accepted.items() if count > 1}
        print(f"{done} kills, {len(repeated)} of {DELIVERIES} delivered again")  # noqa: T201  # for people

        assert {TaskState.SUCCESS: DELIVERIES} == await at.counts()
        assert ids == set(at.receivers.accepted)
        assert repeated <= at.in_flight
        assert 0 == sum(each.unverified for each in at.receivers.receivers.values())
