"""The lists of accounts: the accounts themselves, and what each of them follows and holds, page by page."""

from mainspring.client.accounts import Accounts
from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.cards import PricedRow, Tracked, TrackedItem
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.cards import Account
from mainspring.storage.cards import AccountRepository, InventoryRepository, TrackedRepository
from mainspring.storage.database import Database


class AccountLists:
    """The lists of a workspace. `account` is an id or a name; AccountUnknown if there is none."""

    def __init__(self, database: Database, accounts: Accounts, *, workspace: str = DEFAULT_WORKSPACE) -> None:
        self._database = database
        self._accounts = accounts
        self._workspace = checked_workspace(workspace)

    async def accounts(self, *, after: str = "", limit: int = 50) -> list[Account]:
        """Return accounts in the order of their names, those that come after `after`."""
        return await self._database.read(
            lambda session: AccountRepository(session).by_name(self._workspace, after=after, limit=limit)
        )

    async def tracked(
        self, account: str, kind: Tracked, *, after: str = "", limit: int = 50
    ) -> list[TrackedItem]:
        """Return the games or sets that an account follows, in the order of their ids."""
        found = await self._accounts.find(account)
        listed = TrackedRepository.games if kind is Tracked.GAMES else TrackedRepository.sets
        return await self._database.read(
            lambda session: listed(session).find(found.id, after=after, limit=limit)
        )

    async def inventory(
        self, account: str, *, after: tuple[str, str] = ("", ""), limit: int = 50
    ) -> list[PricedRow]:
        """Return what an account holds, with prices, in the order of (reference, variant id)."""
        found = await self._accounts.find(account)
        return await self._database.read(
            lambda session: InventoryRepository(session).find(found.id, after=after, limit=limit)
        )
