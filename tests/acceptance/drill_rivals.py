"""How large a drill is, and the two installations that it needs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.emulators.justtcg.faults import Fault
from tests.acceptance.drill_installation import installation
from tests.acceptance.drill_runs import Rivals


@dataclass(frozen=True)
class Scale:
    """How often something is killed or taken away, and how much there is to do meanwhile.

    Each answer of the price service takes `answer_seconds`, so that a run lasts some seconds and is hit.
    """

    kills: int
    outage_seconds: float
    sets: int
    variants: int
    answer_seconds: float


LONG = Scale(kills=20, outage_seconds=60, sets=19, variants=12_000, answer_seconds=0.15)


@asynccontextmanager
async def rivals(
    folder: Path, justtcg: JustTcgEmulator, scale: Scale, *, database_url: str | None = None
) -> AsyncIterator[Rivals]:
    """Run both installations until the block ends; the disturbed one may use another database."""
    justtcg.faults.slow_seconds = scale.answer_seconds
    justtcg.faults.rate(Fault.SLOW, 1)
    run_in = partial(installation, justtcg=justtcg, sets=scale.sets, variants=scale.variants)
    async with (
        run_in(folder / "undisturbed") as undisturbed,
        run_in(folder / "disturbed", database_url=database_url) as disturbed,
    ):
        await undisturbed.alone()
        await disturbed.alone()
        yield Rivals(justtcg, undisturbed, disturbed)
