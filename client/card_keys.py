"""What an operator does about the quota of a key: says its plan, or lifts what the vendor asked to wait."""

from collections.abc import Callable, Sequence
from uuid import UUID

from mainspring.activities.cards import Credential
from mainspring.domain.cards import Account
from mainspring.domain.cards.quota import QuotaState, declared, plan_named
from mainspring.storage.cards import AccountRepository
from mainspring.storage.database import Database, Session
from mainspring.storage.quota import QuotaRepository
from mainspring.storage.secrets import SecretBox


class CardKeys:
    """The keys of accounts, and `default` for accounts without one of their own.

    The accounts of a workspace that share a key share its quota.
    """

    def __init__(self, database: Database, box: SecretBox, default: Credential | None) -> None:
        self._database = database
        self._box = box
        self._default = default

    async def declare(self, account: Account, plan: str, anchor_day: int | None) -> None:
        """Take an account's own key for one of this plan until the vendor's next answer."""
        if account.has_own_key:
            await self._change(account, lambda state, _: declared(state, plan_named(plan), anchor_day))

    async def lift(self, account: Account) -> None:
        """Let the requests of an account's key leave again; the vendor's next answer says what is used.

        The default key is taken for one of the plan that the settings say.
        """

        def change(state: QuotaState, key: Credential) -> QuotaState:
            if not account.has_own_key:
                state = declared(state, key.plan, key.anchor_day)
            return key.budget.lift(state)

        await self._change(account, change)

    async def sharers(self, account: Account) -> Sequence[UUID]:
        """Return the accounts of the workspace that use the same key."""

        async def look(session: Session) -> list[UUID]:
            accounts = AccountRepository(session)
            own = await accounts.api_key(account.id, self._box)
            found: list[UUID] = []
            after: UUID | None = None
            while page := await accounts.page(workspace=account.workspace, after=after):
                found += [each.id for each in page if await accounts.api_key(each.id, self._box) == own]
                after = page[-1].id
            return found

        return await self._database.read(look)

    async def _change(self, account: Account, change: Callable[[QuotaState, Credential], QuotaState]) -> None:
        async def work(session: Session) -> None:
            credential = await self._credential(session, account)
            if credential is not None:
                quotas = QuotaRepository(session, credential.budget, credential.workspace)
                await quotas.change(credential.holder, lambda state: change(state, credential))

        await self._database.transact(work)

    async def _credential(self, session: Session, account: Account) -> Credential | None:
        own = await AccountRepository(session).api_key(account.id, self._box)
        if own is None:
            return self._default
        return Credential(own, plan_named(account.plan), account.anchor_day, account.workspace)
