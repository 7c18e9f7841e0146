"""The worker is killed with signal 9, again and again."""

from pathlib import Path
from random import Random

import pytest

from mainspring.emulators.justtcg import JustTcgEmulator
from tests.acceptance.drill_kills import Kills
from tests.acceptance.drill_rivals import LONG, rivals
from tests.acceptance.drill_runs import Rivals, Run

GOES_ON_WITHIN_SECONDS = 15


async def kill_and_restart(run: Run) -> None:
    """Kill the worker and start another, as its supervisor would."""
    run.at.worker.kill()
    run.at.worker.start()


async def survives_kills_of_the_worker(both: Rivals, count: int, chance: Random) -> None:
    """Kill it so often while the jobs run; see that no kill costs more than one call."""
    kills, before = Kills(kill_and_restart, count, chance), both.repeated
    await kills.until_none_is_left(both)
    assert both.repeated - before <= kills.done
    assert max(kills.recoveries) <= GOES_ON_WITHIN_SECONDS


@pytest.mark.drill
@pytest.mark.timeout(1200)
async def test_a_worker_that_is_killed_again_and_again_loses_nothing_and_repeats_one_call_a_kill(
    tmp_path: Path, drill_random: Random, justtcg_sandbox: JustTcgEmulator
) -> None:
    """Every run ends SUCCESS with an undisturbed run's result and database, and goes on within 15 seconds."""
    async with rivals(tmp_path, justtcg_sandbox, LONG) as both:
        await survives_kills_of_the_worker(both, LONG.kills, drill_random)
