"""Who is told of tasks' ends: adding, listing, changing and removing webhooks, and their deliveries."""

import base64
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

from mainspring.client.errors import BadInput
from mainspring.client.references import resolved_id
from mainspring.client.validation import shown
from mainspring.client.workspaces import checked_workspace
from mainspring.contracts.tasks import FINAL_STATES, Task, TaskState
from mainspring.contracts.text import printable, without_secrets
from mainspring.contracts.webhooks import Subscription
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.gateways.addresses import AddressGuard
from mainspring.gateways.clock import Clock
from mainspring.gateways.errors import NotSent
from mainspring.gateways.urls import AddressRefused, UrlRefused, host_of
from mainspring.storage.data_passes import is_sealing_put_off
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import SubscriptionUnknown
from mainspring.storage.ledger import WorkspaceTasks
from mainspring.storage.secrets import SecretBox
from mainspring.storage.webhooks import SubscriptionRepository

# As many bytes as HMAC-SHA256 gives; Standard Webhooks wants 24 to 64.
SECRET_BYTES = 32

# A receiver's own secret is changed by a release of the receiver, which takes a day at most.
OVERLAP = timedelta(hours=24)
LONGEST_OVERLAP = timedelta(days=30)

LONGEST_REASON = 200

SCHEMES = ("https", "http")
ALLOWING = "MAINSPRING_WEBHOOKS_ALLOW_PRIVATE=true allows it, for tests on one machine"


@dataclass(frozen=True)
class AddedWebhook:
    """A new subscription, and the secret that its receiver verifies with. It is not shown again."""

    subscription: Subscription
    secret: str


class WebhookSubscriptions:
    """The subscriptions of a workspace, from outside. SubscriptionUnknown for an id that is none."""

    def __init__(
        self,
        database: Database,
        box: SecretBox,
        clock: Clock,
        *,
        allow_private: bool,
        workspace: str = DEFAULT_WORKSPACE,
    ) -> None:
        self._workspace = checked_workspace(workspace)
        self._database = database
        self._box = box
        self._clock = clock
        self._allow_private = allow_private

    async def add(
        self,
        url: str,
        *,
        fairness_key: str | None = None,
        states: Collection[TaskState] = FINAL_STATES,
    ) -> AddedWebhook:
        """Tell `url` of tasks that end in one of `states`, of one fairness key or of all of the workspace.

        BadInput for a URL that is not https to a public address, or a state that is not final.
        """
        if not states or not set(states) <= FINAL_STATES:
            raise BadInput(f"states: {', '.join(sorted(FINAL_STATES))} are what is told of")
        await self._check(url)
        keeps_url = await is_sealing_put_off(self._database)
        secret = _new_secret()
        subscription = await self._database.transact(
            lambda session: SubscriptionRepository(session, self._workspace).add(
                url,
                fairness_key=fairness_key,
                states=states,
                secret=secret,
                box=self._box,
                now=self._clock.now(),
                keeps_url=keeps_url,
            )
        )
        return AddedWebhook(subscription, secret)

    async def _check(self, url: str) -> None:
        try:
            host, parts = host_of(url), urlsplit(url)
        except (UrlRefused, ValueError) as error:
            raise BadInput(f"url: {without_secrets(url)!r} is not accepted: {error}") from None
        schemes = SCHEMES if self._allow_private else SCHEMES[:1]
        if parts.scheme not in schemes or parts.username or parts.password:
            only = f"; {ALLOWING}" if parts.scheme == "http" and not self._allow_private else ""
            accepted = f"{' or '.join(schemes)}://HOST/…, without a password{only}"
            raise BadInput(f"url: {without_secrets(url)!r} is not accepted: {accepted}")
        guard = AddressGuard(allow_private=self._allow_private)
        try:
            await guard.addresses(host)
        except AddressRefused as error:
            raise BadInput(f"url: {error}; {ALLOWING}") from None
        except NotSent as error:
            raise BadInput(f"url: {error}") from None

    async def all(self, *, after: UUID | None = None, limit: int | None = None) -> list[Subscription]:
        """Return all, or a page: the oldest first, below the one with the id `after`."""

        async def look(session: Session) -> list[Subscription]:
            subscriptions = SubscriptionRepository(session, self._workspace)
            last = None if after is None else await subscriptions.get(after)
            return await subscriptions.all(
                after=None if last is None else (last.created_at, last.id), limit=limit
            )

        return await self._database.read(look)

    async def find(self, reference: str) -> Subscription:
        """Return the one whose id is this or begins so; BadInput when several do."""
        return await self._database.read(
            lambda session: _found(SubscriptionRepository(session, self._workspace), reference)
        )

    async def remove(self, reference: str) -> Subscription:
        """Tell a subscriber nothing any more; a delivery that waits fails when its turn comes."""
        found = await self.find(reference)
        await self._database.transact(
            lambda session: SubscriptionRepository(session, self._workspace).remove(found.id)
        )
        return found

    async def disable(self, reference: str, because: str) -> Subscription:
        """Tell a subscriber nothing until it is enabled; a delivery that waits fails when its turn comes.

        Raises BadInput: when the reason is empty, longer than 200 characters, or not printable.
        """
        if not 1 <= len(because) <= LONGEST_REASON or printable(because) != because:
            raise BadInput(
                f"reason: {shown(because)} is not accepted: 1 to {LONGEST_REASON} printable characters"
            )
        found = await self.find(reference)
        return await self._database.transact(
            lambda session: SubscriptionRepository(session, self._workspace).disable(
                found.id, because, now=self._clock.now()
            )
        )

    async def rotate_secret(self, reference: str, *, overlap: timedelta = OVERLAP) -> AddedWebhook:
        """Give a subscriber another secret, which is in the result and is not shown again.

        Deliveries are signed with the former secret as well for `overlap`. Workers heed a rotation within
        seconds.

        Raises BadInput: when the overlap is less than nothing, or longer than 30 days.
        """
        if not timedelta() <= overlap <= LONGEST_OVERLAP:
            raise BadInput(
                f"overlap: {shown(str(overlap))} is not accepted: 0 to {LONGEST_OVERLAP.days} days"
            )
        found, secret = await self.find(reference), _new_secret()
        rotated = await self._database.transact(
            lambda session: SubscriptionRepository(session, self._workspace).rotate_secret(
                found.id, secret, box=self._box, former_until=self._clock.now() + overlap
            )
        )
        return AddedWebhook(rotated, secret)

    async def deliveries(self, reference: str, *, after: UUID | None = None, limit: int = 50) -> list[Task]:
        """Return deliveries to a subscriber, the newest first; one that was retried names the newer task.

        `after` is the id of the last delivery of the page above.

        Raises BadInput: when `after` is no task of the workspace.
        """

        async def look(session: Session) -> list[Task]:
            found = await _found(SubscriptionRepository(session, self._workspace), reference)
            tasks = WorkspaceTasks(session, self._workspace)
            last = None if after is None else await tasks.get(after)
            if after is not None and last is None:
                raise BadInput(f"after: {shown(str(after))} is not accepted: the id of a delivery")
            before = None if last is None else (last.created_at, last.id)
            return await tasks.deliveries(found.id, before=before, limit=limit)

        return await self._database.read(look)

    async def enable(self, reference: str) -> Subscription:
        """Tell a disabled subscriber again of what happens from now on."""
        found = await self.find(reference)
        return await self._database.transact(
            lambda session: SubscriptionRepository(session, self._workspace).enable(found.id)
        )


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


async def _found(subscriptions: SubscriptionRepository, reference: str) -> Subscription:
    found = await resolved_id(
        reference,
        subscriptions.id_starting_with,
        unknown=SubscriptionUnknown,
        ambiguous=lambda prefix: BadInput(
            f"webhook {prefix!r}: several have ids that begin so, give more of it"
        ),
        shortest=1,
    )
    return await subscriptions.get(found)
