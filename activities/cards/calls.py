"""Calls to JustTCG on an account's behalf: with its credential, within its quota, and seen in its task."""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar
from uuid import UUID

from mainspring.activities.runtime.checkpoint import work_pages
from mainspring.activities.runtime.metered_calls import Answer, RateLimitedCalls
from mainspring.activities.runtime.retry import LONGEST_UNTIL_MENDED
from mainspring.contracts.cards import KEY_MISSING, CardProgress
from mainspring.contracts.progress import Pause
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.cards.quota import JustTcgBudget, Plan, plan_named
from mainspring.gateways.clock import Clock
from mainspring.storage.cards import AccountRepository
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import ProgressStore, TaskQueries
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


class KeyMissing(Exception):
    """An account has no key, nor is there a default."""


class Credentials:
    """The accounts' own keys, and the default key for those without."""

    def __init__(self, database: Database, box: SecretBox, default: DefaultCredential) -> None:
        self._database = database
        self._box = box
        self._default = default.credential

    async def credential_of(self, account_id: UUID, task_id: UUID) -> Credential:
        """Return what an account may use in a task.

        AccountUnknown: there is no such account in the workspace of the task. KeyMissing: it has no key, nor
        is there a default.
        """

        async def look(session: Session) -> Credential:
            accounts = AccountRepository(session)
            workspace = await TaskQueries(session).workspace_of(task_id)
            account = await accounts.get_of(workspace, account_id)
            own = await accounts.api_key(account_id, self._box)
            if own is not None:
                return Credential(own, plan_named(account.plan), account.anchor_day, account.workspace)
            if self._default is None:
                raise KeyMissing
            return self._default

        return await self._database.read(look)


A = TypeVar("A", bound=Answer)
Progress = TypeVar("Progress", bound=CardProgress)

# Requests in one activity: few enough that the free plan's ten a minute take minutes, not an hour, and
# many enough that a hundred requests cost some thirty history events.
REQUESTS_PER_BATCH = 25


class AccountCalls:
    """What every batch of card work calls JustTCG with."""

    def __init__(self, database: Database, keys: Credentials, clock: Clock) -> None:
        self._database = database
        self._calls = RateLimitedCalls(database, clock)
        self._keys = keys
        self._clock = clock

    async def work_pages(
        self, progress: Progress, page: Callable[[Credential, Progress], Awaitable[Progress]]
    ) -> Progress:
        """Work a batch of pages with what the account may use. A key that is missing is waited for.

        Raises AccountUnknown: when there is no such account in the workspace of the task.
        """
        try:
            access = await self._keys.credential_of(progress.account_id, progress.task_id)
        except KeyMissing:
            pause = Pause(waiting_for=KEY_MISSING, resumes_at=self._clock.now() + LONGEST_UNTIL_MENDED)
            return progress.model_copy(update={"pause": pause})
        return await work_pages(progress, lambda so_far: page(access, so_far), at_most=REQUESTS_PER_BATCH)

    async def call(self, access: Credential, task_id: UUID, request: Callable[[], Awaitable[A]]) -> A:
        """Send a request when the quota allows it. Raises QuotaUsedUp: when that takes long."""

        async def paced(pause: Pause) -> None:
            # Too short a wait to be a state of the task, but whoever looks on is told.
            step = f"waiting for the {pause.waiting_for} until {pause.resumes_at:%H:%M:%S} UTC"
            await self._database.transact(
                lambda session: ProgressStore(session).note_step(task_id, step, now=self._clock.now())
            )

        return await self._calls.call(
            access.holder, access.budget, request, workspace=access.workspace, paced=paced
        )
