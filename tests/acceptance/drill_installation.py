"""A whole installation in a folder of its own, with one account that follows sets and holds cards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from mainspring.client.jobs import Jobs
from mainspring.client.schedules import Schedules
from mainspring.config.connect import connect_embedded
from mainspring.config.secrets import encryption_key
from mainspring.config.settings import Settings
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.cards import InventoryLine
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.gateways.clock import SystemClock
from mainspring.storage.cards import AccountRepository, InventoryRepository, TrackedRepository
from mainspring.storage.database import Database, Session
from mainspring.storage.secrets import SecretBox
from tests.acceptance.drill_processes import TemporalServer, WorkerProcess
from tests.acceptance.drill_site import drill_site

PLAN = "Enterprise"
GAME = "magic-the-gathering"

# The vendor has never heard of these.
UNKNOWN = tuple(f"withdrawn-card-{number}" for number in range(3))


@dataclass(frozen=True)
class Installation:
    """What runs, and the account in it; `key` is its key at the vendor's."""

    key: str
    account_id: UUID
    temporal_client: TemporalServer
    worker: WorkerProcess
    database: Database
    jobs: Jobs
    schedules: Schedules

    async def alone(self) -> None:
        """Return when the worker works, and when nothing but the drill starts a card job any more."""
        await self.worker.ready()
        # It would be in the way of a drill that lasts over the full hour.
        await self.schedules.pause("refresh-due-accounts", "nothing else than the drill", by="drill")


@asynccontextmanager
async def installation(
    folder: Path, justtcg: JustTcgEmulator, *, sets: int, variants: int, database_url: str | None = None
) -> AsyncIterator[Installation]:
    """Run one until the block ends, then nothing of it runs any more; its worker is not waited for."""
    folder.mkdir()  # noqa: ASYNC240  # once, before anything runs
    key = folder.name
    settings = Settings(state_dir=folder, database_url=database_url, justtcg_url=justtcg.base_url)
    async with drill_site(settings, MAINSPRING_JUSTTCG_URL=settings.justtcg_url) as site:
        account_id = await furnish(site.database, settings, key, justtcg, sets, variants)
        site.worker.start()
        # By a connection of its own: whoever operates is not the one who accepts tasks.
        schedules = Schedules(await connect_embedded(site.temporal_client.address), settings)
        yield Installation(
            key, account_id, site.temporal_client, site.worker, site.database, site.jobs, schedules
        )


async def furnish(
    database: Database, settings: Settings, key: str, justtcg: JustTcgEmulator, sets: int, variants: int
) -> UUID:
    """Add an account under the name of its key that follows the first sets and holds `variants`."""
    followed = list(justtcg.catalogue.sets)[:sets]
    justtcg.add_key(key, PLAN)
    # Spread over the whole catalogue: some belong to sets that are followed, most do not.
    held = justtcg.variant_ids[:: len(justtcg.variant_ids) // variants][:variants]
    box = SecretBox(encryption_key(settings))

    async def add(session: Session) -> UUID:
        account = await AccountRepository(session).add(
            key,
            workspace=DEFAULT_WORKSPACE,
            plan=PLAN,
            anchor_day=1,
            api_key=key,
            box=box,
            now=SystemClock().now(),
        )
        await TrackedRepository.games(session).follow(account.id, [GAME])
        await TrackedRepository.sets(session).follow(account.id, followed)
        lines = [InventoryLine(f"box {number % 7}", each, 1) for number, each in enumerate(held + UNKNOWN)]
        await InventoryRepository(session).load(account.id, lines)
        return account.id

    return await database.transact(add)
