"""Whom deliveries go to, of every workspace, and how the receivers fare."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select, update

from mainspring.contracts.webhooks import Subscription
from mainspring.domain.webhooks import disabled_because, shown_url
from mainspring.storage.errors import SubscriptionUnknown
from mainspring.storage.repository import Repository
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import SubscriptionRow
from mainspring.storage.webhooks import subscription_of


@dataclass(frozen=True)
class Receiver:
    """A subscription with its whole URL, and with the secret that its deliveries are signed with.

    After a rotation they are signed with the former secret as well for a while.
    """

    subscription: Subscription
    url: str = field(repr=False)
    secret: str = field(repr=False)
    former_secret: str | None = field(default=None, repr=False)


# Built once, for every end of a task asks.
ACTIVE = select(SubscriptionRow).where(
    SubscriptionRow.disabled_at.is_(None),
    SubscriptionRow.workspace.in_(bindparam("workspaces", expanding=True)),
)


class ReceiverRepository(Repository):
    """The receivers of all workspaces, inside the caller's transaction."""

    async def receiver(self, subscription_id: UUID, box: SecretBox, *, now: datetime) -> Receiver:
        """Return one with what is sealed of it; SubscriptionUnknown or SecretUnreadable."""
        row = await self._session.get(SubscriptionRow, subscription_id)
        if row is None:
            raise SubscriptionUnknown(subscription_id)
        owner = str(subscription_id)
        is_over = row.former_secret_until is None or row.former_secret_until <= now
        former = None if is_over else row.former_secret_encrypted
        url = row.url if row.url_encrypted is None else box.open(row.url_encrypted, owner=owner)
        return Receiver(
            subscription_of(row),
            url,
            box.open(row.secret_encrypted, owner=owner),
            None if former is None else box.open(former, owner=owner),
        )

    async def seal_urls(self, box: SecretBox) -> None:
        """Seal the URLs that are kept as they are; the release before reads no others."""
        for row in await self._session.scalars(select(SubscriptionRow).with_for_update()):
            if row.url_encrypted is None:
                row.url_encrypted = box.seal(row.url, owner=str(row.id))
            row.url = shown_url(row.url)
        await self._session.flush()

    async def are_there(self) -> bool:
        """Whether anybody is told of anything."""
        query = select(SubscriptionRow.id).where(SubscriptionRow.disabled_at.is_(None)).limit(1)
        return await self._session.scalar(query) is not None

    async def active(self, workspaces: Collection[str]) -> list[Subscription]:
        """Return the subscriptions of these workspaces that are not disabled."""
        rows = await self._session.scalars(ACTIVE, {"workspaces": list(workspaces)})
        return [subscription_of(row) for row in rows]

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
