"""Two attempts at the same activity at once: one was taken for dead and was not."""

import asyncio
from pathlib import Path
from uuid import uuid4

from mainspring.activities.cards import CardActivities, Credentials, DefaultCredential
from mainspring.activities.runtime.checkpoint import Superseded
from mainspring.config.secrets import encryption_key
from mainspring.config.settings import Settings
from mainspring.contracts.cards import PricesProgress, UpdateInventoryPrices
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.emulators.justtcg.faults import Fault
from mainspring.gateways.clock import SystemClock
from mainspring.gateways.justtcg import open_justtcg
from mainspring.storage.database import Database
from mainspring.storage.ledger import ProgressStore, TaskIntake
from mainspring.storage.secrets import SecretBox
from mainspring.workflows.cards import UPDATE_INVENTORY_PRICES
from tests.acceptance.drill_installation import UNKNOWN, furnish

VARIANTS = 1_000


async def test_of_two_attempts_at_once_only_one_is_counted(
    database: Database, tmp_path: Path, justtcg_sandbox: JustTcgEmulator
) -> None:
    """Both ask for the same batch; the later one stores nothing of it, and the counts stay right."""
    clock, settings = SystemClock(), Settings(state_dir=tmp_path)
    account_id = await furnish(database, settings, "k", justtcg_sandbox, sets=1, variants=VARIANTS)
    justtcg_sandbox.faults.slow_seconds = 0.2
    justtcg_sandbox.faults.next(Fault.SLOW, 2)
    task = UPDATE_INVENTORY_PRICES.task(
        uuid4(), UpdateInventoryPrices(account_id=account_id), triggered_by="client"
    )
    await database.transact(lambda session: TaskIntake(session).enqueue([task], now=clock.now()))
    given = PricesProgress(task_id=task.id, account_id=account_id, cutoff=clock.now())

    async with open_justtcg(justtcg_sandbox.base_url) as justtcg:
        keys = Credentials(database, SecretBox(encryption_key(settings)), DefaultCredential(None))
        cards = CardActivities(database, justtcg, keys, clock)
        attempts = (cards.update_prices_batch(given) for _ in range(2))
        ended = await asyncio.gather(*attempts, return_exceptions=True)

    (done,) = [each for each in ended if isinstance(each, PricesProgress)]
    assert (VARIANTS, len(UNKNOWN)) == (done.updated, done.missing)
    assert [Superseded] == [type(each) for each in ended if each is not done]
    stored = await database.read(lambda session: ProgressStore(session).checkpoint(task.id))
    assert done.requests == PricesProgress.model_validate(stored).requests
