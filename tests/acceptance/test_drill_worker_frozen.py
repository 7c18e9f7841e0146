"""The worker's machine stands still for longer than its heartbeats may, and then goes on."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest

from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.workflows.runtime.job import AnyJob
from tests.acceptance.drill_kills import ARRIVES_SECONDS
from tests.acceptance.drill_rivals import LONG, rivals
from tests.acceptance.drill_runs import JOBS, Run, ended


@dataclass
class Freeze:
    """Freezes the worker, lets a second take over, and thaws the first in the midst of the second's work."""

    random: Random

    async def disturb(self, run: Run) -> None:
        """Do it once, at a random moment."""
        await run.goes_on()
        await asyncio.sleep(self.random.uniform(0, 1))
        run.at.worker.freeze()
        try:
            with run.at.worker.second():
                await asyncio.sleep(ARRIVES_SECONDS)
                await run.goes_on()
                await asyncio.sleep(self.random.uniform(0, 1))
                run.at.worker.thaw()
                await ended(run)
        finally:
            run.at.worker.thaw()


@pytest.mark.drill
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("job", JOBS, ids=lambda job: job.name)
async def test_a_worker_that_froze_and_thawed_counts_nothing_twice(
    job: AnyJob, tmp_path: Path, drill_random: Random, justtcg_sandbox: JustTcgEmulator
) -> None:
    """Two attempts at the same work end with an undisturbed run's result and database."""
    async with rivals(tmp_path, justtcg_sandbox, LONG) as both:
        await both.run(job, Freeze(drill_random).disturb)
