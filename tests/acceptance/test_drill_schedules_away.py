"""Temporal is away while schedules are due: one run is made up for, however many were missed."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from temporalio.client import Client

from mainspring.client.schedules import Every, Schedules
from mainspring.config.settings import Settings
from mainspring.gateways.temporal.converter import data_converter
from mainspring.testing.eventually import eventually
from tests.acceptance.drill_processes import TemporalServer
from tests.scheduled import FIRED_AT, QUEUE, fired, row, worker

SECOND = timedelta(seconds=1)

# As declared, and with the shortest window: after a long outage most of what was missed is too old.
ROWS = (row("as-declared", Every(SECOND)), row("short-window", Every(SECOND), catchup=10 * SECOND))


@dataclass(frozen=True)
class Fired:
    """A run: the moment that it was due at, and when it ended."""

    due: datetime
    ended: datetime | None

    def is_open_at(self, moment: datetime) -> bool:
        """Whether it had not ended."""
        return self.ended is None or self.ended >= moment


async def runs_of(temporal_client: Client, schedule_id: str) -> list[Fired]:
    """Return what a schedule has started."""
    runs = temporal_client.list_workflows(f'TemporalScheduledById="{schedule_id}"')
    return [Fired(run.typed_search_attributes[FIRED_AT], run.close_time) async for run in runs]


async def open_runs(temporal_client: Client, schedule_id: str) -> list[Fired]:
    """Return what a schedule has started and no worker has ended."""
    return [run for run in await runs_of(temporal_client, schedule_id) if run.ended is None]


async def missed(temporal_client: Client, schedule_id: str, least: int) -> tuple[int, int]:
    """Return how many firings were left out: because a run was at work, and because they were too old."""

    async def counts() -> tuple[int, int]:
        info = (await temporal_client.get_schedule_handle(schedule_id).describe()).info
        return info.num_actions_skipped_overlap, info.num_actions_missed_catchup_window

    return await eventually(counts, lambda both: sum(both) >= least)


@pytest.mark.parametrize(
    "outage", [3 * SECOND, pytest.param(62 * SECOND, marks=[pytest.mark.drill, pytest.mark.timeout(240)])]
)
async def test_an_outage_gives_one_run_of_each_schedule_and_not_one_for_each_firing(
    outage: timedelta, tmp_path: Path
) -> None:
    """What 62 firings a second apart show holds for an hour of minutes: one run finds all that is due."""
    server = TemporalServer(tmp_path)
    await server.start()
    try:
        temporal_client, began = await connected(server), datetime.now(UTC) - SECOND
        async with worker(temporal_client):
            await Schedules(temporal_client, Settings(task_queue=QUEUE), ROWS).sync()
            await asyncio.gather(*(first_run(temporal_client, each.id, began) for each in ROWS))
        await server.stop()
        stopped = datetime.now(UTC)
        await asyncio.sleep(outage.total_seconds())
        starting = datetime.now(UTC)
        await server.start()

        temporal_client = await connected(server)
        least = (starting - stopped) // SECOND - 1
        for each in ROWS:
            _, too_old = await missed(temporal_client, each.id, least)
            # Nothing ends while there is no worker.
            (made_up,) = await eventually(partial(open_runs, temporal_client, each.id), bool)
            seen = datetime.now(UTC)
            # Temporal has looked at what was due at some moment between `starting` and `seen`: a busy machine
            # decides which, and the window what was too old then.
            assert too_old > 0 or starting - stopped <= each.catchup + SECOND
            assert too_old == 0 or seen - stopped > each.catchup - SECOND
            assert made_up.due < starting or seen - starting > each.catchup - SECOND
        async with worker(temporal_client):
            await asyncio.gather(*(first_run(temporal_client, each.id, starting) for each in ROWS))
        for each in ROWS:
            runs = await runs_of(temporal_client, each.id)
            assert 1 >= sum(run.due < starting and run.is_open_at(starting) for run in runs), each.id
    finally:
        await server.stop()


async def connected(server: TemporalServer) -> Client:
    """Return a client that a worker can have."""
    return await Client.connect(server.address, data_converter=data_converter)


async def first_run(temporal_client: Client, schedule_id: str, after: datetime) -> None:
    """Return once there is a run that was due after a moment."""
    await eventually(
        lambda: fired(temporal_client, schedule_id), lambda runs: any(run > after for run in runs)
    )
