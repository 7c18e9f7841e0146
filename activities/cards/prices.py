"""Looking up the prices of an inventory, in batches of the plan's size."""

from mainspring.activities.cards.checkpoint import REQUESTS_PER_STRETCH, Stretch
from mainspring.activities.cards.credentials import Credential, Credentials
from mainspring.activities.runtime.metered_calls import QuotaUsedUp, RateLimitedCalls
from mainspring.contracts.cards import PricesProgress
from mainspring.gateways.clock import Clock
from mainspring.gateways.justtcg import JustTcg
from mainspring.storage.cards import CatalogueRepository, InventoryRepository
from mainspring.storage.database import Database, Session


class PricesStretch(Stretch):
    """Works through the variants whose price is due, in the order of their ids."""

    def __init__(
        self, database: Database, calls: RateLimitedCalls, keys: Credentials, clock: Clock, justtcg: JustTcg
    ) -> None:
        super().__init__(database, calls, keys, clock)
        self._justtcg = justtcg

    async def work(self, given: PricesProgress) -> PricesProgress:
        """Look up batches until the stretch's budget is used, nothing is due, or a quota is used up."""
        progress = await self._resume(given)
        access = await self._keys.credential_of(progress.account_id)
        size = access.plan.items_per_request
        progress, due = await self._due(progress, limit=size * REQUESTS_PER_STRETCH)
        for start in range(0, len(due), size):
            try:
                progress = await self._look_up(access, progress, due[start : start + size])
            except QuotaUsedUp as used_up:
                return progress.model_copy(update={"pause": used_up.pause})
        finished = len(due) < size * REQUESTS_PER_STRETCH
        return progress.model_copy(update={"pause": None, "finished": finished})

    async def _due(self, progress: PricesProgress, limit: int) -> tuple[PricesProgress, list[str]]:
        async def look(session: Session) -> tuple[PricesProgress, list[str]]:
            inventory = InventoryRepository(session)
            total = progress.total
            if total is None:
                total = await inventory.count_due(progress.account_id, cutoff=progress.cutoff)
            due = await inventory.due(
                progress.account_id, cutoff=progress.cutoff, after=progress.after, limit=limit
            )
            return progress.model_copy(update={"total": total}), due

        return await self._database.read(look)

    async def _look_up(
        self, access: Credential, progress: PricesProgress, variant_ids: list[str]
    ) -> PricesProgress:
        answer = await self._call(access, progress, lambda: self._justtcg.lookup(access.api_key, variant_ids))
        now = self._clock.now()

        async def store(session: Session) -> PricesProgress:
            inventory = InventoryRepository(session)
            changed = await CatalogueRepository(session).store_cards(answer.cards, now=now)
            await inventory.mark_priced(progress.account_id, list(answer.variants), now=now)
            await inventory.mark_missing(progress.account_id, answer.missing, now=now)
            after = progress.model_copy(
                update={
                    "after": variant_ids[-1],
                    "processed": progress.processed + len(variant_ids),
                    "updated": progress.updated + len(answer.variants),
                    "missing": progress.missing + len(answer.missing),
                    "prices_changed": progress.prices_changed + changed,
                    "malformed": progress.malformed + answer.malformed,
                    "requests": progress.requests + 1,
                }
            )
            await self._checkpoint(session, after, f"{after.processed} of {after.total} variants")
            return after

        return await self._database.transact(store)
