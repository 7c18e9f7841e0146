"""Temporal's server is killed with signal 9, again and again; its supervisor starts it with the same file."""

from pathlib import Path
from random import Random

import pytest

from mainspring.emulators.justtcg import JustTcgEmulator
from tests.acceptance.drill_kills import Kills
from tests.acceptance.drill_rivals import LONG, rivals
from tests.acceptance.drill_runs import Rivals, Run


async def kill_and_wait_for_the_next(run: Run) -> None:
    """Kill the server; the run may go on meanwhile, for its activity needs no Temporal."""
    await run.at.temporal_client.kill()


async def survives_kills_of_the_engine(both: Rivals, count: int, chance: Random) -> None:
    """Kill it so often while the jobs run; see that no kill costs more than one call."""
    kills, before = Kills(kill_and_wait_for_the_next, count, chance), both.repeated
    await kills.until_none_is_left(both)
    assert both.repeated - before <= kills.done


@pytest.mark.drill
@pytest.mark.timeout(1200)
async def test_an_engine_that_is_killed_again_and_again_loses_nothing_and_repeats_one_call_a_kill(
    tmp_path: Path, drill_random: Random, justtcg_sandbox: JustTcgEmulator
) -> None:
    """Every run ends SUCCESS with an undisturbed run's result and database."""
    async with rivals(tmp_path, justtcg_sandbox, LONG) as both:
        await survives_kills_of_the_engine(both, LONG.kills, drill_random)
