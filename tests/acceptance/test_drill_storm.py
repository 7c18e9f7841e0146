"""Everything at once, and whatever runs is killed at random: workers, Temporal and PostgreSQL.

The short storm is in the suite what the drills of one job and one target are in `make drill`: it kills each
target once, and sees that no task, mail or delivery is lost, and that only what was on the wire comes twice.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import pytest

from mainspring.contracts.effects import EffectState
from mainspring.contracts.tasks import TaskState
from mainspring.emulators.clips import Clip
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.emulators.justtcg.faults import Fault
from mainspring.emulators.videos import VideoServerEmulator
from mainspring.storage.migrate import upgrade
from tests.acceptance.drill_outages import postgres_stopped
from tests.acceptance.drill_snapshot import differences, snapshot
from tests.acceptance.drill_storm import CARD_JOBS, Scene, Size, scene
from tests.postgres import PostgresServer, postgres_server
from tests.state_counts import state_counts

WORKERS = 2

# What is killed, as often as it stands here: each has its turn also in a storm of a few kills.
TARGETS = ("worker", "temporal", "postgresql")

LONGEST_PAUSE_SECONDS = 2.0


@dataclass(frozen=True)
class Storm:
    """How often something is killed, and how much there is to do meanwhile."""

    kills: int
    size: Size
    kills_a_round: int
    answer_seconds: float


SHORT = Storm(3, Size(sets=2, variants=300, people=60, deliveries=200), 3, answer_seconds=0.3)
LONG = Storm(60, Size(sets=8, variants=4_000, people=300, deliveries=1_500), 12, answer_seconds=0.15)


@pytest.fixture
def own_postgres() -> Iterator[PostgresServer]:
    """Run a server that may be killed: the other tests have theirs."""
    with postgres_server(upgrade) as server:
        yield server


async def durable_database(server: PostgresServer) -> tuple[str, Path]:
    """Return a database's address and its server's data; what it has committed outlasts a kill."""
    name = await server.create()
    connection = await server.connect()
    try:
        await connection.execute(f"ALTER DATABASE {name} SET synchronous_commit = on")
        return server.url(name), Path(await connection.fetchval("SHOW data_directory"))
    finally:
        await connection.close()


async def rage(at: Scene, kills: int, data: Path, chance: Random) -> dict[str, int]:
    """Kill so often, as long as there is work; return how often what was killed."""
    done = dict.fromkeys(TARGETS, 0)
    targets = chance.sample(TARGETS, len(TARGETS)) + chance.choices(TARGETS, k=kills)
    for target in targets[:kills]:
        await asyncio.sleep(chance.uniform(0, LONGEST_PAUSE_SECONDS))
        if await at.is_over():
            break
        if target == "worker":
            await at.kill(chance.choice(at.workers))
        elif target == "temporal":
            await at.site.temporal_client.kill()
        else:
            async with postgres_stopped(data, mode="immediate"):
                made = len(at.calls)
                await asyncio.sleep(chance.uniform(0, LONGEST_PAUSE_SECONDS))
                # Nothing is asked for whose answer could not be stored.
                assert len(at.calls) - made <= len(CARD_JOBS)
        done[target] += 1
    return done


async def weather(storm: Storm, calm: Scene, wild: Scene, data: Path, chance: Random) -> None:
    """Do the same on both, round for round, until all kills are done; see that both have come to the same."""
    killed = dict.fromkeys(TARGETS, 0)
    while (left := storm.kills - sum(killed.values())) > 0:
        wild.justtcg.advance_prices()
        await calm.begin_round()
        await wild.begin_round()
        raging = asyncio.create_task(rage(wild, min(left, storm.kills_a_round), data, chance))
        await asyncio.gather(calm.ended(), raging)
        await wild.ended()
        now = raging.result()
        killed = {target: killed[target] + now[target] for target in TARGETS}
        usual = {what: len(times) for what, times in calm.asked().items()}
        again = [times for what, times in wild.asked().items() if len(times) > usual.get(what, 1)]
        print(f"round {wild.rounds}: killed {now}; {len(again)} calls again; {await figures(wild)}")  # noqa: T201

        assert await calm.outcome() == await wild.outcome()
        assert [] == differences(await snapshot(calm.site.database), await snapshot(wild.site.database))
        # Each of an account's jobs has one call on the wire.
        assert len(again) <= len(CARD_JOBS) * now["worker"]
        assert all(wild.was_a_worker_killed(times[0], times[-1]) for times in again)
        for at in (calm, wild):
            assert {TaskState.SUCCESS} == (await state_counts(at.site.database)).keys()
            assert at.rounds * at.size.people == len(at.smtp.counts)
            effects = await at.effects()
            assert {EffectState.SENT: at.rounds * at.size.people} == effects.states
            assert len(at.smtp.accepted) - len(at.smtp.counts) <= effects.resends
            assert at.rounds * at.size.deliveries == len(at.receivers.accepted)
            assert 0 == sum(each.unverified for each in at.receivers.receivers.values())
            assert {} == await at.wire.unexplained(at.arrived)
    print(f"killed {killed}; {await figures(wild)}")  # noqa: T201  # for people


async def figures(at: Scene) -> str:
    """Return how much there was of everything so far."""
    tasks = sum((await state_counts(at.site.database)).values())
    again = sum(at.arrived.values()) - len(at.arrived)
    return (
        f"{tasks} tasks, {len(at.smtp.counts)} mails, {len(at.receivers.accepted)} deliveries; "
        f"{at.wire.kills.total()} on the wire at kills, {again} sent again, "
        f"{(await at.wire.timed_out()).total()} attempts without an answer in time"
    )


@asynccontextmanager
async def both_scenes(
    folder: Path, storm: Storm, justtcg: JustTcgEmulator, database_url: str, video: str | None
) -> AsyncIterator[tuple[Scene, Scene]]:
    """Run the installation that is left alone, and the one that is not."""
    justtcg.faults.slow_seconds = storm.answer_seconds
    justtcg.faults.rate(Fault.SLOW, 1)
    size = replace(storm.size, video=video)
    async with (
        scene(folder / "calm", justtcg, size) as calm,
        scene(folder / "wild", justtcg, size, database_url=database_url, workers=WORKERS) as wild,
    ):
        yield calm, wild


async def test_a_storm_loses_nothing_and_repeats_only_what_was_on_the_wire(
    tmp_path: Path, drill_random: Random, justtcg_sandbox: JustTcgEmulator, own_postgres: PostgresServer
) -> None:
    """In short: one kill of each, without a video."""
    url, data = await durable_database(own_postgres)
    async with both_scenes(tmp_path, SHORT, justtcg_sandbox, url, None) as (calm, wild):
        await weather(SHORT, calm, wild, data, drill_random)


@pytest.mark.drill
@pytest.mark.timeout(3600)
async def test_a_long_storm_loses_nothing_and_repeats_only_what_was_on_the_wire(
    tmp_path: Path, drill_random: Random, justtcg_sandbox: JustTcgEmulator, own_postgres: PostgresServer
) -> None:
    """Sixty kills, over all jobs."""
    url, data = await durable_database(own_postgres)
    served = tmp_path / "served"
    served.mkdir()
    Clip(seconds=10, width=640, height=360, rate=10).write(served / "clip.mp4")
    async with (
        VideoServerEmulator(served) as videos,
        both_scenes(tmp_path, LONG, justtcg_sandbox, url, videos.url("clip.mp4")) as (calm, wild),
    ):
        await weather(LONG, calm, wild, data, drill_random)
