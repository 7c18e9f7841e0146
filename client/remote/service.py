"""The service over HTTP as its callers see it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from mainspring.client.errors import BadInput
from mainspring.client.remote.audit import RemoteAudit
from mainspring.client.remote.calls import Calls
from mainspring.client.remote.cancelling import RemoteCancelling
from mainspring.client.remote.effects import RemoteEffects
from mainspring.client.remote.failures import RemoteFailures
from mainspring.client.remote.jobs import RemoteJobs
from mainspring.client.remote.platform import RemotePeople, RemoteShop, RemoteWishlists
from mainspring.client.remote.quotas import RemoteQuotas
from mainspring.client.remote.schedules import RemoteSchedules
from mainspring.client.remote.tasks import RemoteTasks
from mainspring.client.remote.webhooks import RemoteWebhooks
from mainspring.client.validation import shown
from mainspring.client.workspaces import checked_workspace
from mainspring.gateways.service_api import open_service_api
from mainspring.gateways.urls import UrlRefused, host_of

# A restart of the service takes some seconds.
PATIENCE = timedelta(seconds=20)


@dataclass(frozen=True)
class RemoteService:
    """What `connect` gives: of the workspace of the key, with the names that `open_service` gives."""

    jobs: RemoteJobs
    tasks: RemoteTasks
    cancelling: RemoteCancelling
    failures: RemoteFailures
    schedules: RemoteSchedules
    effects: RemoteEffects
    webhooks: RemoteWebhooks
    quotas: RemoteQuotas
    audit: RemoteAudit
    shop: RemoteShop
    people: RemotePeople
    wishlists: RemoteWishlists


@asynccontextmanager
async def connect(
    url: str, *, api_key: str, workspace: str | None = None, patience: timedelta = PATIENCE
) -> AsyncIterator[RemoteService]:
    """Give the service whose HTTP API is at `url`; nothing is called before the first call.

    `api_key` is a key of `mainspring keys create`. `workspace` is where a key of the platform works; a key of
    a workspace works there. While the service is away, what is safe to call again is called again for
    `patience`; ServiceAway is raised after that, and KeyRefused for a key that does not open something.

    Example:
        async with connect(url, api_key=key) as service:
            task = await service.jobs.start(
                UPDATE_INVENTORY_PRICES, UpdateInventoryPrices(account_id=account_id)
            )
            prices = await task.result()

    Raises BadInput: when the address is none, or no workspace can have this name.
    """
    try:
        host_of(url)
    except (UrlRefused, ValueError) as error:
        raise BadInput(f"url: {shown(url)} is not accepted: {error}") from None
    named = {} if workspace is None else {"Mainspring-Workspace": checked_workspace(workspace)}
    async with open_service_api(url, api_key, patience=patience, headers=named) as api:
        calls = Calls(api)
        tasks = RemoteTasks(calls)
        yield RemoteService(
            jobs=RemoteJobs(calls, tasks),
            tasks=tasks,
            cancelling=RemoteCancelling(calls, tasks),
            failures=RemoteFailures(calls),
            schedules=RemoteSchedules(calls),
            effects=RemoteEffects(calls),
            webhooks=RemoteWebhooks(calls),
            quotas=RemoteQuotas(calls),
            audit=RemoteAudit(calls),
            shop=RemoteShop(calls),
            people=RemotePeople(calls),
            wishlists=RemoteWishlists(calls),
        )
