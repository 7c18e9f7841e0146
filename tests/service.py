"""Our own service under test: the shipped one, with the emulated price service and what card tests need."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import select
from temporalio.client import Client

from mainspring.contracts.tasks import Task, TaskState
from mainspring.domain.cards import InventoryLine
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.storage.cards import InventoryRepository
from mainspring.storage.database import Database
from mainspring.storage.tables import VariantRow
from mainspring.testing import ServiceUnderTest, ShiftedClock
from mainspring.testing import idle_service as shipped_idle_service


@dataclass(frozen=True)
class Service(ServiceUnderTest):
    """A service under test. The vendor's clock is the worker's, so minutes pass in no time."""

    justtcg: JustTcgEmulator

    async def add_account(
        self,
        name: str = "shop",
        plan: str = "Professional",
        *,
        games: Sequence[str] = (),
        sets: Sequence[str] = (),
        inventory: Sequence[str] = (),
        **limits: int,
    ) -> UUID:
        """Add an account with a key of its own that the vendor knows; return its id."""
        self.justtcg.add_key(f"key-of-{name}", plan, **limits)
        account = await self.accounts.add(name, plan=plan, api_key=f"key-of-{name}")
        await self.accounts.follow(name, games=games, sets=sets)
        lines = [InventoryLine(f"item-{number}", each, 1) for number, each in enumerate(inventory)]
        await self.database.transact(lambda session: InventoryRepository(session).load(account.id, lines))
        return account.id

    async def prices(self) -> dict[str, int | None]:
        """Return every stored price by variant id."""

        async def look(session: Any) -> dict[str, int | None]:
            rows = await session.execute(select(VariantRow.id, VariantRow.price_cents))
            return {row.id: row.price_cents for row in rows}

        return await self.database.read(look)

    def sold_at(self, variant_ids: Collection[str]) -> dict[str, int | None]:
        """Return what the vendor asks for these now."""
        return {each: self.justtcg.price_cents(each) for each in variant_ids}

    def variants_of(self, *set_ids: str) -> list[str]:
        """Return the ids of all variants in these sets."""
        sets = self.justtcg.catalogue.sets
        return [variant.id for each in set_ids for card in sets[each].cards for variant in card.variants]


def is_waiting(task: Task) -> bool:
    """Whether a task waits for a quota."""
    return task.state is TaskState.WAITING


@asynccontextmanager
async def idle_service(
    temporal_client: Client,
    database: Database,
    state_dir: Path,
    clock: ShiftedClock | None = None,
    **settings_beside: Any,
) -> AsyncIterator[Service]:
    """Give everything but a worker; `settings_beside` win over what a test is given otherwise."""
    clock = clock or ShiftedClock()
    async with JustTcgEmulator(now=clock.now) as justtcg:
        settings = {"justtcg_url": justtcg.base_url} | settings_beside
        async with shipped_idle_service(temporal_client, database, state_dir, clock, **settings) as service:
            yield Service(**vars(service), justtcg=justtcg)
