"""The two checks of wishlists as an administrator sees them: whether they run, and a run of one now."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from mainspring.client.schedules import Schedules
from mainspring.client.starts import Asked, Starts
from mainspring.client.tasks.availability import availability
from mainspring.client.tasks.queries import Tasks
from mainspring.contracts.tasks import Task
from mainspring.gateways.temporal import TemporalGateway
from mainspring.workflows.runtime.job import AnyJob
from mainspring.workflows.runtime.schedule import Cron

# Most checks take less. Proxies wait for a minute, as a rule.
LONGEST_WAIT = timedelta(seconds=20)


@dataclass(frozen=True)
class CheckStatus:
    """How a check's schedule stands; `schedule` is its cron expression."""

    name: str
    is_enabled: bool
    schedule: str
    last_run: datetime | None
    next_run: datetime | None


class WishlistChecks:
    """Looks at the schedules of the checks, and runs a check for whoever waits for what it did."""

    def __init__(self, schedules: Schedules, starts: Starts, tasks: Tasks, temporal: TemporalGateway) -> None:
        self._schedules = schedules
        self._starts = starts
        self._tasks = tasks
        self._temporal = temporal

    async def statuses(self, *jobs: AnyJob) -> list[CheckStatus]:
        """Return how the schedules of checks stand; one that is not in Temporal yet is not enabled."""
        known = {each.id: each for each in await self._schedules.list()}
        found = []
        for job in jobs:
            status, when = known.get(job.name), None if job.schedule is None else job.schedule.when
            found.append(
                CheckStatus(
                    name=job.name,
                    is_enabled=status is not None and status.pause is None,
                    schedule=when.expressions[0] if isinstance(when, Cron) else "",
                    last_run=status.last_run.at if status and status.last_run else None,
                    next_run=status.next_run if status else None,
                )
            )
        return found

    async def run(self, job: AnyJob, *, triggered_by: str) -> Task:
        """Run a check, or find it active; return its task, ended unless that takes long or cannot begin."""
        start = await self._starts.start(Asked(job.name, {}), is_platform=True, triggered_by=triggered_by)
        if await availability(self._temporal) is None:
            with suppress(TimeoutError):
                return await asyncio.wait_for(self._tasks.wait(start.id), LONGEST_WAIT.total_seconds())
        return await self._tasks.get(start.id)
