"""The trading-card activities: each works a batch of requests and gives back how far it came."""

from temporalio import activity

from mainspring.activities.cards.calls import AccountCalls, Credential, Credentials, DefaultCredential
from mainspring.activities.cards.listings import ListingBatches, cards_of_sets, sets_of_games
from mainspring.activities.cards.prices import PriceBatches
from mainspring.contracts.cards import AccountsPage, AccountsPageDone, DueJob, ListingProgress, PricesProgress
from mainspring.domain.cards import DISCOVERY_EVERY, PRICES_EVERY, SYNC_EVERY, Since
from mainspring.gateways.clock import Clock
from mainspring.gateways.justtcg import JustTcg
from mainspring.storage.cards import AccountRepository, InventoryRepository, TrackedRepository
from mainspring.storage.database import Database, Session

__all__ = ["CardActivities", "Credential", "Credentials", "DefaultCredential"]

ACCOUNTS_PAGE = 200


class CardActivities:
    """Fetching from JustTCG within its quotas, and storing what came."""

    def __init__(self, database: Database, justtcg: JustTcg, keys: Credentials, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        calls = AccountCalls(database, keys, clock)
        self._set_listings = ListingBatches(database, calls, clock, sets_of_games(justtcg))
        self._card_listings = ListingBatches(database, calls, clock, cards_of_sets(justtcg))
        self._prices = PriceBatches(database, calls, clock, justtcg)

    @activity.defn(name="cards.discover_sets_stretch")
    async def discover_sets_batch(self, progress: ListingProgress) -> ListingProgress:
        """Fetch and store pages of sets of the games that are due. Resumes where a killed attempt stopped."""
        return await self._set_listings.work(progress)

    @activity.defn(name="cards.sync_sets_stretch")
    async def sync_sets_batch(self, progress: ListingProgress) -> ListingProgress:
        """Fetch and store pages of cards of the sets that are due. Resumes where a killed attempt stopped."""
        return await self._card_listings.work(progress)

    @activity.defn(name="cards.update_prices_stretch")
    async def update_prices_batch(self, progress: PricesProgress) -> PricesProgress:
        """Look up and store batches of prices that are due. Resumes where a killed attempt stopped."""
        return await self._prices.work(progress)

    @activity.defn(name="cards.list_due_page")
    async def list_due_page(self, page: AccountsPage) -> AccountsPageDone:
        """Return which jobs have something to do for a page of active accounts. Reads only."""
        now = self._clock.now()

        async def look(session: Session) -> AccountsPageDone:
            accounts = await AccountRepository(session).page(after=page.after, limit=ACCOUNTS_PAGE)
            ids = [account.id for account in accounts if account.is_active]
            games, sets = TrackedRepository.games(session), TrackedRepository.sets(session)
            inventory = InventoryRepository(session)
            found = {
                "discover-sets": await games.accounts_due(
                    ids, since=Since.cutoff(now - DISCOVERY_EVERY, now)
                ),
                "sync-tracked-sets": await sets.accounts_due(ids, since=Since.cutoff(now - SYNC_EVERY, now)),
                "update-inventory-prices": await inventory.accounts_due(ids, cutoff=now - PRICES_EVERY),
            }
            workspaces = {account.id: account.workspace for account in accounts}
            due = [
                DueJob(job=job, account_id=each, workspace=workspaces[each])
                for job, those in found.items()
                for each in those
            ]
            last = accounts[-1].id if len(accounts) == ACCOUNTS_PAGE else None
            return AccountsPageDone(after=last, accounts=len(ids), due=tuple(due))

        return await self._database.read(look)
