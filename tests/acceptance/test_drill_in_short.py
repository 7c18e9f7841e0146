"""The drills' short form: what disturbs a run, one after the other, on the same two installations.

Each of them at its full size is a drill of its own: test_drill_worker_killed, test_drill_engine_killed and
test_drill_database_away.
"""

from pathlib import Path
from random import Random

from mainspring.emulators.justtcg import JustTcgEmulator
from tests.acceptance.drill_outages import Outage, sqlite_locked
from tests.acceptance.drill_rivals import SHORT, rivals
from tests.acceptance.test_drill_database_away import outlasts
from tests.acceptance.test_drill_engine_killed import survives_kills_of_the_engine
from tests.acceptance.test_drill_worker_killed import survives_kills_of_the_worker


async def test_runs_outlast_a_killed_worker_a_killed_engine_and_a_locked_database(
    tmp_path: Path, drill_random: Random, justtcg_sandbox: JustTcgEmulator
) -> None:
    """Every run ends SUCCESS with an undisturbed run's result and database, and repeats a call at most."""
    away = sqlite_locked(tmp_path / "disturbed" / "mainspring.db")
    async with rivals(tmp_path, justtcg_sandbox, SHORT) as both:
        await survives_kills_of_the_worker(both, SHORT.kills, drill_random)
        await survives_kills_of_the_engine(both, SHORT.kills, drill_random)
        await outlasts(Outage(away, SHORT.outage_seconds, drill_random), both, drill_random)
