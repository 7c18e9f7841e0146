"""Killing at random moments, as often as was planned, over as many runs as that takes."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import cycle
from random import Random

from tests.acceptance.drill_processes import WorkerProcess
from tests.acceptance.drill_runs import JOBS, Rivals, Run

# A run takes a few seconds when it is left alone: this is a random moment of it.
LONGEST_PAUSE_SECONDS = 2.0

# So many kills does one run take before it is left alone; the next run takes the others.
KILLS_A_RUN = 5

# The share of kills that come while the last one has not been got over.
IMPATIENT = 0.25

# What was on its way to the price service when its sender was killed arrives within this.
ARRIVES_SECONDS = 0.2

# A worker starts in this time; what it takes longer on a busy machine is the machine's delay, not a run's.
STARTS_WITHIN_SECONDS = 5.0

Kill = Callable[[Run], Awaitable[None]]


@dataclass
class Kills:
    """The kills that are left, and the seconds after which the runs went on.

    Without what a new worker's start took beyond the usual: those are in `waited_for_the_machine`.
    """

    kill: Kill
    left: int
    random: Random
    recoveries: list[float] = field(default_factory=list)
    waited_for_the_machine: float = 0
    done: int = 0

    async def disturb(self, run: Run) -> None:
        """Kill at random moments while the run lasts."""
        await run.goes_on()
        for _ in range(min(self.left, KILLS_A_RUN)):
            await asyncio.sleep(self.random.uniform(0, LONGEST_PAUSE_SECONDS))
            if await run.is_over():
                return
            killed_at = datetime.now(UTC)
            await self.kill(run)
            self.left -= 1
            self.done += 1
            await self._recover(run, killed_at)

    async def _recover(self, run: Run, killed_at: datetime) -> None:
        await asyncio.sleep(ARRIVES_SECONDS)
        if self.left and self.random.random() < IMPATIENT:
            return
        await run.goes_on()
        late = _late(run.at.worker, killed_at)
        self.waited_for_the_machine += late
        self.recoveries.append((datetime.now(UTC) - killed_at).total_seconds() - late)

    async def until_none_is_left(self, rivals: Rivals) -> None:
        """Run the jobs in turn, beginning with any, until all kills are done."""
        for job in cycle(self.random.sample(JOBS, len(JOBS))):
            await rivals.run(job, self.disturb)
            if not self.left:
                break
        self._tell(rivals.repeated)

    def _tell(self, repeated: int) -> None:
        measured = ", ".join(f"{seconds:.1f}" for seconds in self.recoveries)
        print(  # noqa: T201  # the figures of a drill are for people
            f"{self.done} kills, {repeated} repeated calls; runs went on after {measured} s, "
            f"and {self.waited_for_the_machine:.1f} s in all for workers that were slow to start"
        )


def _late(worker: WorkerProcess, killed_at: datetime) -> float:
    if worker.started_at < killed_at:
        return 0.0
    return max(0.0, (worker.ready_at() - worker.started_at).total_seconds() - STARTS_WITHIN_SECONDS)
