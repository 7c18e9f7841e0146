"""The subscriptions of a workspace to the ends of its tasks."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import delete, insert, select, tuple_

from mainspring.contracts.tasks import TaskState
from mainspring.contracts.webhooks import Subscription
from mainspring.domain.webhooks import shown_url
from mainspring.storage.database import Session
from mainspring.storage.errors import SubscriptionUnknown
from mainspring.storage.repository import Cursor, Repository
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import SubscriptionRow


class SubscriptionRepository(Repository):
    """The subscriptions of a workspace, inside the caller's transaction."""

    def __init__(self, session: Session, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def add(
        self,
        url: str,
        *,
        fairness_key: str | None,
        states: Collection[TaskState],
        secret: str,
        box: SecretBox,
        now: datetime,
        keeps_url: bool = False,
    ) -> Subscription:
        """Add one; its URL and its secret are sealed.

        `keeps_url` leaves the URL readable beside that, for workers of the release before.
        """
        subscription = Subscription(
            id=uuid4(),
            workspace=self._workspace,
            url=shown_url(url),
            fairness_key=fairness_key,
            states=tuple(sorted(states)),
            created_at=now,
        )
        owner = str(subscription.id)
        await self._session.execute(
            insert(SubscriptionRow).values(
                **subscription.model_dump() | {"url": url if keeps_url else subscription.url},
                url_encrypted=box.seal(url, owner=owner),
                secret_encrypted=box.seal(secret, owner=owner),
            )
        )
        return subscription

    async def all(self, *, after: Cursor | None = None, limit: int | None = None) -> list[Subscription]:
        """Return all, or a page of them, the oldest first; `after` is the last one of the page above."""
        key = SubscriptionRow.created_at, SubscriptionRow.id
        query = (
            select(SubscriptionRow)
            .where(SubscriptionRow.workspace == self._workspace)
            .order_by(*key)
            .limit(limit)
        )
        if after is not None:
            query = query.where(tuple_(*key) > after)
        return [subscription_of(row) for row in await self._session.scalars(query)]

    async def id_starting_with(self, prefix: str) -> list[UUID]:
        """Return up to two ids that begin with `prefix` (hexadecimal, dashes optional)."""
        own = SubscriptionRow.workspace == self._workspace
        return await self._ids_starting_with(SubscriptionRow.id, prefix, own)

    async def get(self, subscription_id: UUID) -> Subscription:
        """Return one; SubscriptionUnknown."""
        return subscription_of(await self._row(subscription_id))

    async def remove(self, subscription_id: UUID) -> None:
        """Forget one; SubscriptionUnknown."""
        await self._row(subscription_id)
        await self._session.execute(delete(SubscriptionRow).where(SubscriptionRow.id == subscription_id))

    async def enable(self, subscription_id: UUID) -> Subscription:
        """Let one be told again, as if it had never failed; SubscriptionUnknown."""
        row = await self._row(subscription_id)
        row.failing_since, row.failures, row.disabled_at, row.disabled_because = None, 0, None, None
        await self._session.flush()
        return subscription_of(row)

    async def disable(self, subscription_id: UUID, because: str, *, now: datetime) -> Subscription:
        """Let one be told nothing; one that is disabled already stays as it is; SubscriptionUnknown."""
        row = await self._row(subscription_id, for_update=True)
        if row.disabled_at is None:
            row.disabled_at, row.disabled_because = now, because
            await self._session.flush()
        return subscription_of(row)

    async def rotate_secret(
        self, subscription_id: UUID, secret: str, *, box: SecretBox, former_until: datetime
    ) -> Subscription:
        """Give one another secret; the former one holds until then as well; SubscriptionUnknown."""
        row = await self._row(subscription_id, for_update=True)
        row.former_secret_encrypted, row.former_secret_until = row.secret_encrypted, former_until
        row.secret_encrypted = box.seal(secret, owner=str(subscription_id))
        await self._session.flush()
        return subscription_of(row)

    async def _row(self, subscription_id: UUID, *, for_update: bool = False) -> SubscriptionRow:
        row = await self._session.get(SubscriptionRow, subscription_id, with_for_update=for_update)
        if row is None or row.workspace != self._workspace:
            raise SubscriptionUnknown(subscription_id)
        return row


def subscription_of(row: SubscriptionRow) -> Subscription:
    """Return a row as a message."""
    values = {name: getattr(row, name) for name in Subscription.model_fields}
    return Subscription.restore(values | {"states": tuple(row.states), "url": shown_url(row.url)})
