"""The subscriptions to tasks' states, and how their receivers fare."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, func, insert, or_, select, update

from mainspring.contracts.tasks import TaskState
from mainspring.contracts.webhooks import Subscription
from mainspring.domain.webhooks import disabled_because
from mainspring.storage.errors import SubscriptionUnknown
from mainspring.storage.repository import Repository
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import SubscriptionRow


@dataclass(frozen=True)
class Receiver:
    """A subscription with the secret that its deliveries are signed with."""

    subscription: Subscription
    secret: str


class SubscriptionRepository(Repository):
    """The subscriptions, inside the caller's transaction."""

    async def add(
        self,
        url: str,
        *,
        fairness_key: str | None,
        states: Collection[TaskState],
        secret: str,
        box: SecretBox,
        now: datetime,
    ) -> Subscription:
        """Add one; its secret is sealed."""
        subscription = Subscription(
            id=uuid4(), url=url, fairness_key=fairness_key, states=tuple(sorted(states)), created_at=now
        )
        sealed = box.seal(secret, owner=str(subscription.id))
        await self._session.execute(
            insert(SubscriptionRow).values(**subscription.model_dump(), secret_encrypted=sealed)
        )
        return subscription

    async def all(self) -> list[Subscription]:
        """Return all, the oldest first."""
        query = select(SubscriptionRow).order_by(SubscriptionRow.created_at, SubscriptionRow.id)
        return [_subscription(row) for row in await self._session.scalars(query)]

    async def id_starting_with(self, prefix: str) -> list[UUID]:
        """Return up to two ids that begin with `prefix` (hexadecimal, dashes optional)."""
        return await self._ids_starting_with(SubscriptionRow.id, prefix)

    async def get(self, subscription_id: UUID) -> Subscription:
        """Return one; SubscriptionUnknown."""
        return _subscription(await self._row(subscription_id))

    async def receiver(self, subscription_id: UUID, box: SecretBox) -> Receiver:
        """Return one with its secret; SubscriptionUnknown or SecretUnreadable."""
        row = await self._row(subscription_id)
        return Receiver(_subscription(row), box.open(row.secret_encrypted, owner=str(subscription_id)))

    async def remove(self, subscription_id: UUID) -> None:
        """Forget one; SubscriptionUnknown."""
        await self._row(subscription_id)
        await self._session.execute(delete(SubscriptionRow).where(SubscriptionRow.id == subscription_id))

    async def enable(self, subscription_id: UUID) -> Subscription:
        """Let one be told again, as if it had never failed; SubscriptionUnknown."""
        row = await self._row(subscription_id)
        row.failing_since, row.failures, row.disabled_at, row.disabled_because = None, 0, None, None
        await self._session.flush()
        return _subscription(row)

    async def are_there(self) -> bool:
        """Whether anybody is told of anything."""
        query = select(SubscriptionRow.id).where(SubscriptionRow.disabled_at.is_(None)).limit(1)
        return await self._session.scalar(query) is not None

    async def active(self, fairness_keys: Collection[str | None]) -> list[Subscription]:
        """Return those that are told of tasks with one of these fairness keys."""
        named = [key for key in fairness_keys if key is not None]
        query = select(SubscriptionRow).where(
            SubscriptionRow.disabled_at.is_(None),
            or_(SubscriptionRow.fairness_key.is_(None), SubscriptionRow.fairness_key.in_(named)),
        )
        return [_subscription(row) for row in await self._session.scalars(query)]

    async def note(
        self,
        reached: Collection[UUID],
        failures: Mapping[UUID, int],
        *,
        gone: Collection[UUID] = (),
        now: datetime,
    ) -> None:
        """Note where deliveries got through and where none did, how many; of the latter, who is `gone`.

        Nothing is written or held where nothing changes: receivers that do well cost one query.
        """
        locked = await self._hold(reached, failures)
        if well := locked.intersection(reached):
            await self._note_success(well)
        for subscription_id in locked.intersection(failures):
            count = failures[subscription_id]
            await self._note_failures(subscription_id, count, gone=subscription_id in gone, now=now)

    async def _hold(self, reached: Collection[UUID], failures: Collection[UUID]) -> set[UUID]:
        # All before any is written, and in one order: two who note the same ones never wait for each other.
        fares_better = SubscriptionRow.id.in_(reached) & SubscriptionRow.failing_since.is_not(None)
        query = select(SubscriptionRow.id).where(or_(fares_better, SubscriptionRow.id.in_(failures)))
        return set(await self._session.scalars(query.order_by(SubscriptionRow.id).with_for_update()))

    async def _note_success(self, subscription_ids: Collection[UUID]) -> None:
        await self._session.execute(
            update(SubscriptionRow)
            .where(SubscriptionRow.id.in_(subscription_ids))
            .values(failing_since=None, failures=0)
        )

    async def _note_failures(
        self, subscription_id: UUID, failures: int, *, gone: bool, now: datetime
    ) -> None:
        counted = update(SubscriptionRow).where(
            SubscriptionRow.id == subscription_id, SubscriptionRow.disabled_at.is_(None)
        )
        returned = counted.values(
            failures=SubscriptionRow.failures + failures,
            failing_since=func.coalesce(SubscriptionRow.failing_since, now),
        ).returning(SubscriptionRow.failing_since, SubscriptionRow.failures)
        row = (await self._session.execute(returned)).one_or_none()
        if row is None:
            return
        since = row.failing_since or now
        because = (
            "the receiver said that it is gone (410)" if gone else disabled_because(since, row.failures, now)
        )
        if because is not None:
            await self._session.execute(counted.values(disabled_at=now, disabled_because=because))

    async def _row(self, subscription_id: UUID) -> SubscriptionRow:
        row = await self._session.get(SubscriptionRow, subscription_id)
        if row is None:
            raise SubscriptionUnknown(subscription_id)
        return row


def _subscription(row: SubscriptionRow) -> Subscription:
    values = {name: getattr(row, name) for name in Subscription.model_fields}
    return Subscription.model_validate(values | {"states": tuple(row.states)})
