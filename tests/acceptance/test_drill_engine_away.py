"""Temporal is away while a task is accepted."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from activities.tasks import RELAY_AFTER
from client.schedules import Schedules
from client.settings import Settings
from contracts.cards import DiscoverSets
from contracts.tasks import TaskState
from sandbox.justtcg import JustTcgSandbox
from tests.acceptance.drill_installation import Installation, installation
from workflows.cards import DISCOVER_SETS

Relay = Callable[[Installation], Awaitable[None]]


async def trigger_the_relay(at: Installation) -> None:
    """Run the relay now, as an operator may."""
    await Schedules(at.temporal.client, Settings(task_queue="mainspring")).trigger("relay-tasks")


async def wait_for_the_schedule(_at: Installation) -> None:
    """Leave it to the schedule, which fires each minute."""


@pytest.mark.parametrize(
    "relay",
    [
        pytest.param(trigger_the_relay, id="short"),
        pytest.param(wait_for_the_schedule, id="long", marks=[pytest.mark.drill, pytest.mark.timeout(240)]),
    ],
)
async def test_a_task_that_is_accepted_while_the_engine_is_away_is_started_by_the_relay(
    relay: Relay, tmp_path: Path, justtcg_sandbox: JustTcgSandbox
) -> None:
    """The caller does not fail, the task waits as QUEUED, and runs once the engine is back."""
    async with installation(tmp_path / "away", justtcg_sandbox, sets=1, variants=10) as at:
        await at.worker.ready()
        await at.temporal.stop()
        since = time.monotonic()
        given = DiscoverSets(account_id=at.account_id)
        accepted = await at.jobs.start(DISCOVER_SETS, given)
        again = await at.jobs.start(DISCOVER_SETS, given)
        assert (accepted.id, True) == (again.id, again.deduplicated)
        # The relay leaves what is younger than this to its caller.
        await asyncio.sleep(RELAY_AFTER.total_seconds() - (time.monotonic() - since))
        assert TaskState.QUEUED is (await at.jobs.get(accepted.id)).state

        await at.temporal.start()
        await relay(at)
        async with asyncio.timeout(100):
            done = await accepted.result()
        assert (1, len(justtcg_sandbox.catalogue.sets), 1) == (done.games, done.sets, done.requests)
        assert 1 == len(justtcg_sandbox.calls)
