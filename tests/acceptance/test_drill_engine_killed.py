"""Temporal's server is killed with signal 9, again and again; its supervisor starts it with the same file."""

from pathlib import Path
from random import Random

import pytest

from mainspring.emulators.justtcg import JustTcgEmulator
from tests.acceptance.drill_kills import Kills
from tests.acceptance.drill_rivals import LONG, SHORT, Scale, rivals
from tests.acceptance.drill_runs import Run


async def kill_and_wait_for_the_next(run: Run) -> None:
    """Kill the server; the run may go on meanwhile, for its activity needs no Temporal."""
    await run.at.temporal_client.kill()


@pytest.mark.parametrize("scale", [SHORT, LONG])
async def test_an_engine_that_is_killed_again_and_again_loses_nothing_and_repeats_one_call_a_kill(
    scale: Scale, tmp_path: Path, drill_random: Random, justtcg_sandbox: JustTcgEmulator
) -> None:
    """Every run ends SUCCESS with an undisturbed run's result and database."""
    kills = Kills(kill_and_wait_for_the_next, scale.kills, drill_random)
    async with rivals(tmp_path, justtcg_sandbox, scale) as both:
        await kills.until_none_is_left(both)
        assert both.repeated <= kills.done
