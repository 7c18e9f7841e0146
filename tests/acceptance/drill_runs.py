"""Running the same jobs on two installations at once, and disturbing one of them."""

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from mainspring.contracts.tasks import Task, TaskState
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.emulators.justtcg.calls import Call
from mainspring.storage.errors import DatabaseAway
from mainspring.workflows.cards import SYNC_TRACKED_SETS, UPDATE_INVENTORY_PRICES
from mainspring.workflows.runtime.job import AnyJob
from tests.acceptance.drill_installation import Installation
from tests.acceptance.drill_snapshot import differences, snapshot

JOBS: tuple[AnyJob, ...] = (SYNC_TRACKED_SETS, UPDATE_INVENTORY_PRICES)

# No run of a drill takes longer; one that hangs is a finding, not a reason to wait.
PATIENCE_SECONDS = 240
POLL_SECONDS = 0.05


@dataclass
class Run:
    """A task on one installation, and the calls that it has made."""

    at: Installation
    justtcg: JustTcgEmulator
    task_id: UUID
    _calls_before: int

    @property
    def calls(self) -> list[Call]:
        """The calls since the run began."""
        return self.justtcg.calls.of(self.at.key)[self._calls_before :]

    @property
    def repeated(self) -> int:
        """How many of them asked what had been asked before."""
        asked = Counter((c.method, str(sorted(c.params.items())), c.variant_ids) for c in self.calls)
        return sum(times - 1 for times in asked.values())

    async def task(self) -> Task:
        """Return the task as the ledger has it."""
        return await self.at.jobs.tasks.get(self.task_id)

    async def is_over(self) -> bool:
        """Whether the task has ended, as far as the database can be asked."""
        with suppress(DatabaseAway):
            return (await self.task()).state.is_final
        return False

    async def goes_on(self) -> None:
        """Return when another call has been made, or when the task is over."""
        made = len(self.calls)
        while len(self.calls) == made and not await self.is_over():
            self.at.worker.check()
            await asyncio.sleep(POLL_SECONDS)


Disturbance = Callable[[Run], Coroutine[None, None, None]]


@dataclass
class Rivals:
    """Two installations with the same account; only the one called so is disturbed.

    `repeated` counts the calls of all runs that asked what had been asked before in the same run.
    """

    justtcg: JustTcgEmulator
    undisturbed: Installation
    disturbed: Installation
    repeated: int = 0

    async def run(self, job: AnyJob, disturbance: Disturbance) -> None:
        """Run a job on both at once; when it returns, both have the same database and the same result."""
        self.justtcg.advance_prices()
        quiet, other = await self._started(self.undisturbed, job), await self._started(self.disturbed, job)
        async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as both:
            expected = both.create_task(ended(quiet))
            both.create_task(disturbance(other))
            actual = both.create_task(ended(other))
        assert (TaskState.SUCCESS, TaskState.SUCCESS) == (expected.result().state, actual.result().state)
        assert expected.result().result == actual.result().result
        assert [] == differences(
            await snapshot(self.undisturbed.database), await snapshot(self.disturbed.database)
        )
        assert 0 == quiet.repeated
        self.repeated += other.repeated

    async def _started(self, at: Installation, job: AnyJob) -> Run:
        before = len(self.justtcg.calls.of(at.key))
        # All that was fetched before this moment is due again.
        given = job.input(account_id=at.account_id, older_than=timedelta(0))
        task = await at.jobs.start(job, given)
        return Run(at, self.justtcg, task.id, before)


async def ended(run: Run) -> Task:
    """Wait for the end of a run, and return its task."""
    while not await run.is_over():
        run.at.worker.check()
        await asyncio.sleep(POLL_SECONDS)
    return await run.task()
