"""Calls to JustTCG on an account's behalf: with its credential, within its quota, and seen in its task."""

from collections.abc import Awaitable, Callable
from typing import TypeVar
from uuid import UUID

from mainspring.activities.cards.credentials import Credential, Credentials
from mainspring.activities.runtime.metered_calls import Answer, RateLimitedCalls
from mainspring.contracts.progress import Pause
from mainspring.gateways.clock import Clock
from mainspring.storage.database import Database
from mainspring.storage.ledger import ProgressStore

A = TypeVar("A", bound=Answer)

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

    async def credential_of(self, account_id: UUID, task_id: UUID) -> Credential:
        """Return what an account may use in a task.

        Raises AccountUnknown: when there is no such account in the workspace of the task.
        Raises CredentialsRefused: when the account has no key, nor is there a default.
        """
        return await self._keys.credential_of(account_id, task_id)

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
