"""Temporal is away while schedules are due: one run is made up for, however many were missed."""

import asyncio
from datetime import UTC, datetime, timedelta
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


async def unfinished_at(temporal_client: Client, schedule_id: str, moment: datetime) -> list[datetime]:
    """Return for which moments before `moment` runs are that had not ended then."""
    runs = temporal_client.list_workflows(f'TemporalScheduledById="{schedule_id}"')
    return [
        run.typed_search_attributes[FIRED_AT]
        async for run in runs
        if run.typed_search_attributes[FIRED_AT] < moment and (run.close_time or moment) >= moment
    ]


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
            counts = await missed(temporal_client, each.id, least)
            assert (each.catchup < outage) == (counts[1] > 0)
        async with worker(temporal_client):
            await asyncio.gather(*(first_run(temporal_client, each.id, starting) for each in ROWS))
        for each in ROWS:
            assert 1 == len(await unfinished_at(temporal_client, each.id, starting)), each.id
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
