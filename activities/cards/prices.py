"""Looking up the prices of an inventory, in pages of the plan's size."""

from mainspring.activities.cards.calls import AccountCalls, Credential
from mainspring.activities.runtime.checkpoint import Checkpoint
from mainspring.activities.runtime.outages import outlast
from mainspring.contracts.cards import PricesProgress
from mainspring.gateways.clock import Clock
from mainspring.gateways.justtcg import JustTcg
from mainspring.storage.cards import CatalogueRepository, InventoryRepository
from mainspring.storage.database import Database, Session


class PriceBatches:
    """Works through the variants whose price is due, in the order of their ids."""

    def __init__(self, database: Database, calls: AccountCalls, clock: Clock, justtcg: JustTcg) -> None:
        self._database = database
        self._checkpoint = Checkpoint(database, clock, PricesProgress)
        self._calls = calls
        self._clock = clock
        self._justtcg = justtcg

    async def work(self, request: PricesProgress) -> PricesProgress:
        """Look up pages until the batch's requests are used, nothing is due, or a quota is used up."""
        progress = await self._counted(await self._checkpoint.resume(request))
        return await self._calls.work_pages(progress, self._page)

    async def _counted(self, progress: PricesProgress) -> PricesProgress:
        if progress.total is not None:
            return progress
        total = await self._database.read(
            lambda session: InventoryRepository(session).count_due(
                progress.account_id, cutoff=progress.cutoff
            )
        )
        return progress.model_copy(update={"total": total})

    async def _page(self, access: Credential, progress: PricesProgress) -> PricesProgress:
        size = access.plan.items_per_request
        due = await self._database.read(
            lambda session: InventoryRepository(session).due(
                progress.account_id, cutoff=progress.cutoff, after=progress.after, limit=size
            )
        )
        if due:
            progress = await self._look_up(access, progress, due)
        return progress.model_copy(update={"finished": len(due) < size})

    async def _look_up(
        self, access: Credential, progress: PricesProgress, variant_ids: list[str]
    ) -> PricesProgress:
        answer = await self._calls.call(
            access, progress.task_id, lambda: self._justtcg.lookup(access.api_key, variant_ids)
        )
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
            step = f"{after.processed} of {after.total} variants"
            await self._checkpoint.save(
                session, after, processed=after.processed, total=after.total, step=step
            )
            return after

        return await outlast(lambda: self._database.transact(store))
