"""Accounts that track cards: adding them, what they follow, what they hold."""

from collections.abc import Sequence
from uuid import UUID

import structlog

from mainspring.activities.runtime.patience import unless_silent
from mainspring.client.card_keys import CardKeys
from mainspring.client.errors import BadInput
from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.progress import PAUSE_ENDED
from mainspring.contracts.tasks import TaskFilter, TaskState
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.domain.cards import Account, InventoryLine
from mainspring.domain.cards.quota import plan_named
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import TransientError
from mainspring.gateways.temporal import TemporalGateway
from mainspring.storage.cards import AccountRepository, InventoryRepository, TrackedRepository
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import AccountUnknown
from mainspring.storage.ledger import TaskWriter, WorkspaceTasks
from mainspring.storage.secrets import SecretBox

log = structlog.get_logger(__name__)

# What the columns of the database take.
LONGEST_NAME = 200
LONGEST_ITEM_ID = 200

# An account has one active task of each of its few jobs; raw starts may add some.
MOST_ACTIVE = 1_000


class Accounts:
    """The accounts of a workspace, from outside.

    `account` is an id or a name everywhere; AccountUnknown if there is none.
    """

    def __init__(
        self,
        database: Database,
        temporal: TemporalGateway,
        box: SecretBox,
        clock: Clock,
        keys: CardKeys,
        *,
        workspace: str = DEFAULT_WORKSPACE,
    ) -> None:
        self._database = database
        self._temporal = temporal
        self._box = box
        self._clock = clock
        self._keys = keys
        self._workspace = checked_workspace(workspace)

    async def add(
        self, name: str, *, plan: str = "Free Tier", anchor_day: int = 1, api_key: str | None = None
    ) -> Account:
        """Add an account; AccountExists if the name is taken, BadInput for an unknown plan or day.

        `anchor_day` is the day of the month on which its quota renews. The key is encrypted at rest.
        """
        _check(plan, anchor_day)
        if not name.strip() or len(name) > LONGEST_NAME or "\0" in name:
            raise BadInput(f"name: {name[:20]!r} is not accepted: 1 to {LONGEST_NAME} characters")
        return await self._database.transact(
            lambda session: AccountRepository(session).add(
                name,
                workspace=self._workspace,
                plan=plan,
                anchor_day=anchor_day,
                api_key=api_key,
                box=self._box,
                now=self._clock.now(),
            )
        )

    async def find(self, account: str) -> Account:
        """Return an account by its id or its name."""

        async def look(session: Session) -> Account:
            accounts = AccountRepository(session)
            try:
                return await accounts.get_of(self._workspace, UUID(account))
            except (ValueError, AccountUnknown):
                return await accounts.named(self._workspace, account)

        return await self._database.read(look)

    async def list(self) -> list[Account]:
        """Return all accounts, by name."""

        async def look(session: Session) -> list[Account]:
            found: list[Account] = []
            after: UUID | None = None
            while page := await AccountRepository(session).page(workspace=self._workspace, after=after):
                found += page
                after = page[-1].id
            return found

        return sorted(await self._database.read(look), key=lambda account: account.name)

    async def change_plan(self, account: str, plan: str, anchor_day: int | None = None) -> int:
        """Note a new plan, and with None the anchor day of before; return how many tasks are told.

        Those that wait for the old plan's quota go on at once, or within a minute by the relay when Temporal
        does not answer. The plan holds for the account's own key,
        whoever shares it, until the vendor's next answer.
        """
        found = await self.find(account)
        _check(plan, found.anchor_day if anchor_day is None else anchor_day)
        changes: dict[str, object] = {"plan": plan}
        if anchor_day is not None:
            changes["anchor_day"] = anchor_day
        await self._database.transact(lambda session: AccountRepository(session).change(found.id, changes))
        await self._keys.declare(found, plan, anchor_day)
        return await self._wake(found.id)

    async def set_api_key(self, account: str, api_key: str | None) -> int:
        """Give an account a key of its own, or with None the default one; return how many tasks are told.

        Those that wait for the old key's quota go on as with `change_plan`.
        """
        found = await self.find(account)
        await self._database.transact(
            lambda session: AccountRepository(session).set_api_key(found.id, api_key, self._box)
        )
        return await self._wake(found.id)

    async def lift_block(self, account: str) -> int:
        """Let the requests of an account's key leave again, whatever the vendor asked to wait.

        Return how many tasks are told, as with `change_plan`: those of the workspace's accounts that use the
        same key. The vendor's next answer says what is used of the key.
        """
        found = await self.find(account)
        await self._keys.lift(found)
        return sum([await self._wake(each) for each in await self._keys.sharers(found)])

    async def _wake(self, account_id: UUID) -> int:
        # A RUNNING one may be about to wait: Temporal keeps the signal until it does.
        active = await self._database.read(
            lambda session: WorkspaceTasks(session, self._workspace).find(
                TaskFilter(
                    states=frozenset({TaskState.RUNNING, TaskState.WAITING}), fairness_key=str(account_id)
                ),
                limit=MOST_ACTIVE,
            )
        )
        told: dict[UUID, bool] = {}

        async def tell() -> None:
            for task in active:
                try:
                    told[task.id] = await self._temporal.signal(task.workflow_id, PAUSE_ENDED)
                except TransientError as error:
                    log.warning("task not woken yet", task_id=str(task.id), error=str(error))
                    return

        await unless_silent(tell(), self._temporal)
        left = [task.id for task in active if task.id not in told]
        if left:
            await self._database.transact(
                lambda session: TaskWriter(session).let_go_on(left, now=self._clock.now())
            )
        return sum(told.values()) + len(left)

    async def follow(self, account: str, *, games: Sequence[str] = (), sets: Sequence[str] = ()) -> None:
        """Track games and sets by the vendor's ids; those that are tracked already stay as they are.

        BadInput: an id that no game or set can have.
        """
        for field, ids in (("game", games), ("set", sets)):
            _check_ids(field, ids)
        found = await self.find(account)

        async def store(session: Session) -> None:
            await TrackedRepository.games(session).follow(found.id, games)
            await TrackedRepository.sets(session).follow(found.id, sets)

        await self._database.transact(store)

    async def unfollow(self, account: str, *, games: Sequence[str] = (), sets: Sequence[str] = ()) -> None:
        """Stop tracking games and sets; what was stored stays."""
        found = await self.find(account)

        async def store(session: Session) -> None:
            await TrackedRepository.games(session).unfollow(found.id, games)
            await TrackedRepository.sets(session).unfollow(found.id, sets)

        await self._database.transact(store)

    async def load_inventory(self, account: str, lines: Sequence[InventoryLine]) -> None:
        """Load inventory lines in one transaction; the same lines again change nothing."""
        found = await self.find(account)
        await self._database.transact(lambda session: InventoryRepository(session).load(found.id, lines))


def _check_ids(field: str, ids: Sequence[str]) -> None:
    for each in ids:
        if not each.strip() or len(each) > LONGEST_ITEM_ID or "\0" in each:
            raise BadInput(f"{field}: {each[:20]!r} is not accepted: 1 to {LONGEST_ITEM_ID} characters")


def _check(plan: str, anchor_day: int) -> None:
    try:
        plan_named(plan)
    except ValueError as error:
        raise BadInput(f"plan: {error}") from None
    if not 1 <= anchor_day <= 31:  # noqa: PLR2004  # the days of a month
        raise BadInput(f"anchor_day: {anchor_day} is not accepted: a day of the month, 1 to 31")
