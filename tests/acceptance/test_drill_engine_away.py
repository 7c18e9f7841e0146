"""Temporal is away while a task is accepted."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from mainspring.activities.tasks import RELAY_AFTER
from mainspring.client.jobs import Jobs
from mainspring.contracts.cards import DiscoverSets
from mainspring.contracts.tasks import TaskState
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.gateways.temporal import TemporalGateway
from mainspring.testing.shifted_clock import ShiftedClock
from mainspring.workflows.cards import DISCOVER_SETS
from tests.acceptance.drill_installation import Installation, installation

Relay = Callable[[Installation], Awaitable[None]]


async def trigger_the_relay(at: Installation) -> None:
    """Run the relay now, as an operator may."""
    await at.schedules.trigger("relay-tasks")


async def wait_for_the_schedule(_at: Installation) -> None:
    """Leave it to the schedule, which fires each minute."""


@pytest.mark.parametrize(
    ("relay", "caller_is_behind"),
    [
        # The relay leaves what is younger than this to its caller.
        pytest.param(trigger_the_relay, RELAY_AFTER, id="short"),
        pytest.param(
            wait_for_the_schedule,
            timedelta(0),
            id="long",
            marks=[pytest.mark.drill, pytest.mark.timeout(240)],
        ),
    ],
)
async def test_a_task_that_is_accepted_while_the_engine_is_away_is_started_by_the_relay(
    relay: Relay, caller_is_behind: timedelta, tmp_path: Path, justtcg_sandbox: JustTcgEmulator
) -> None:
    """The caller does not fail, the task waits as QUEUED, and runs once Temporal is back."""
    async with installation(tmp_path / "away", justtcg_sandbox, sets=1, variants=10) as at:
        await at.alone()
        await at.temporal_client.stop()
        clock = ShiftedClock(datetime.now(UTC) - caller_is_behind)
        jobs = Jobs(at.database, TemporalGateway(at.temporal_client.client, "mainspring"), clock)
        given = DiscoverSets(account_id=at.account_id)
        accepted = await jobs.start(DISCOVER_SETS, given)
        again = await jobs.start(DISCOVER_SETS, given)
        assert (accepted.id, True) == (again.id, again.deduplicated)
        task = await jobs.tasks.get(accepted.id)
        await asyncio.sleep((task.created_at + RELAY_AFTER - datetime.now(UTC)).total_seconds())
        assert TaskState.QUEUED is (await jobs.tasks.get(accepted.id)).state

        await at.temporal_client.start()
        await relay(at)
        async with asyncio.timeout(100):
            done = await accepted.result()
        assert (1, len(justtcg_sandbox.catalogue.sets), 1) == (done.games, done.sets, done.requests)
        assert 1 == len(justtcg_sandbox.calls)
