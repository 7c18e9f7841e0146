"""Webhooks over HTTP."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any
from uuid import UUID

from mainspring.client.remote.calls import Calls, in_iso, whole_id
from mainspring.client.webhooks import OVERLAP, AddedWebhook
from mainspring.contracts.tasks import FINAL_STATES, Task, TaskState
from mainspring.contracts.webhooks import Subscription


class RemoteWebhooks:
    """As `client.webhooks.WebhookSubscriptions`, over HTTP; ids are whole."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

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
        body = {"url": url, "fairness_key": fairness_key, "states": sorted(states)}
        return _added(await self._calls.post("/v1/webhooks", body))

    async def all(self, *, after: UUID | None = None, limit: int | None = None) -> list[Subscription]:
        """Return all, or a page: the oldest first, below the one with the id `after`."""
        last = None if after is None else str(after)
        found = await self._calls.page("/v1/webhooks", limit=limit, after=last)
        return [Subscription.restore(each) for each in found]

    async def find(self, reference: str) -> Subscription:
        """Return the one with this id."""
        return Subscription.restore(await self._calls.get(_path(reference)))

    async def remove(self, reference: str) -> Subscription:
        """Tell a subscriber nothing any more; a delivery that waits fails when its turn comes."""
        return Subscription.restore(await self._calls.delete(_path(reference)))

    async def disable(self, reference: str, because: str) -> Subscription:
        """Tell a subscriber nothing until it is enabled; a delivery that waits fails when its turn comes.

        Raises BadInput: when the reason is empty, longer than 200 characters, or not printable.
        """
        return await self._change(reference, "disable", {"reason": because})

    async def enable(self, reference: str) -> Subscription:
        """Tell a disabled subscriber again of what happens from now on."""
        return await self._change(reference, "enable", None)

    async def rotate_secret(self, reference: str, *, overlap: timedelta = OVERLAP) -> AddedWebhook:
        """Give a subscriber another secret, which is in the result and is not shown again.

        Deliveries are signed with the former secret as well for `overlap`.

        Raises BadInput: when the overlap is less than nothing, or longer than 30 days.
        """
        body = {"overlap": in_iso(overlap)}
        return _added(await self._calls.post(f"{_path(reference)}/rotate-secret", body))

    async def deliveries(self, reference: str, *, after: UUID | None = None, limit: int = 50) -> list[Task]:
        """Return deliveries to a subscriber, the newest first; one that was retried names the newer task.

        `after` is the id of the last delivery of the page above.

        Raises BadInput: when `after` is no task of the workspace.
        """
        last = None if after is None else str(after)
        found = await self._calls.page(f"{_path(reference)}/deliveries", limit=limit, after=last)
        return [Task.restore(each) for each in found]

    async def _change(self, reference: str, what: str, body: Any) -> Subscription:
        answer = await self._calls.post(f"{_path(reference)}/{what}", body, is_repeatable=True)
        return Subscription.restore(answer)


def _path(reference: str) -> str:
    return f"/v1/webhooks/{whole_id(reference)}"


def _added(answer: dict[str, Any]) -> AddedWebhook:
    return AddedWebhook(Subscription.restore(answer), answer["secret"])
