"""Which key of JustTCG an account's requests are made with, and whose quota they count for."""

import hashlib
from dataclasses import dataclass, field
from uuid import UUID

from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.cards.quota import JustTcgBudget, Plan, plan_named
from mainspring.gateways.errors import CredentialsRefused
from mainspring.gateways.justtcg.refusals import SERVICE
from mainspring.storage.cards import AccountRepository
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import TaskQueries
from mainspring.storage.secrets import SecretBox


@dataclass(frozen=True)
class Credential:
    """A key with the plan it was bought with. The accounts of a workspace that share a key share its quota.

    `workspace` is whose the key is. The default key is the installation's, whichever workspace uses it.
    """

    api_key: str = field(repr=False)
    plan: Plan
    anchor_day: int
    workspace: str = DEFAULT_WORKSPACE

    @property
    def holder(self) -> str:
        """The name that the key's quota is counted under; it does not give the key away."""
        return hashlib.sha256(self.api_key.encode()).hexdigest()

    @property
    def budget(self) -> JustTcgBudget:
        """What the plan allows."""
        return JustTcgBudget(self.plan, self.anchor_day)


@dataclass(frozen=True)
class DefaultCredential:
    """The key for accounts without one of their own; None when there is none."""

    credential: Credential | None


class Credentials:
    """The accounts' own keys, and the default key for those without."""

    def __init__(self, database: Database, box: SecretBox, default: DefaultCredential) -> None:
        self._database = database
        self._box = box
        self._default = default.credential

    async def credential_of(self, account_id: UUID, task_id: UUID) -> Credential:
        """Return what an account may use in a task.

        AccountUnknown: there is no such account in the workspace of the task. CredentialsRefused: it has no
        key, nor is there a default.
        """

        async def look(session: Session) -> Credential:
            accounts = AccountRepository(session)
            workspace = await TaskQueries(session).workspace_of(task_id)
            account = await accounts.get_of(workspace, account_id)
            own = await accounts.api_key(account_id, self._box)
            if own is not None:
                return Credential(own, plan_named(account.plan), account.anchor_day, account.workspace)
            if self._default is None:
                raise CredentialsRefused(
                    f"account {account.name!r} has no API key, and MAINSPRING_JUSTTCG_API_KEY is not set",
                    service=SERVICE,
                )
            return self._default

        return await self._database.read(look)
