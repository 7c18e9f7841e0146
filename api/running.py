"""Running the API: over a service once its database is there; for `mainspring up` with a key."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from temporalio.client import Client

from mainspring.api.app import api_of
from mainspring.api.server import is_loopback, serving, url_of
from mainspring.client.service import Service, open_service
from mainspring.client.tasks.availability import availability
from mainspring.client.temporary_keys import temporary_key
from mainspring.config.settings import Settings
from mainspring.config.waiting import until_there
from mainspring.contracts.api_keys import Role

log = structlog.get_logger(__name__)

KEY_OF_UP = "mainspring up"


async def serve(settings: Settings, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve until `stop` is set. The database is waited for; Temporal may be away."""
    async with AsyncExitStack() as stack:
        service = await _opened(stack, settings, stop)
        if service is None:
            return
        await stack.enter_async_context(_served(service, listener))
        log.info("api ready", url=url_of(listener), tasks=await availability(service.temporal))
        await stop.wait()
        log.info("api stopping")


async def serve_beside(
    settings: Settings,
    temporal_client: Client,
    listener: socket.socket,
    stop: asyncio.Event,
    tell: Callable[[str], None],
) -> None:
    """Serve beside a worker until `stop` is set; tell an admin's key of the platform that ends then."""
    async with AsyncExitStack() as stack:
        service = await _opened(stack, settings, stop, temporal_client)
        if service is None:
            return
        made = await stack.enter_async_context(temporary_key(service.platform_keys, KEY_OF_UP, Role.ADMIN))
        await stack.enter_async_context(_served(service, listener))
        tell(made.text)
        await stop.wait()


@asynccontextmanager
async def _served(service: Service, listener: socket.socket) -> AsyncIterator[None]:
    app = api_of(service, on_loopback=is_loopback(listener))
    async with serving(app, listener, trusted_proxies=service.settings.api_trusted_proxies):
        yield


async def _opened(
    stack: AsyncExitStack, settings: Settings, stop: asyncio.Event, temporal_client: Client | None = None
) -> Service | None:
    """Return the service once its database is there; None when told to stop first."""
    opened: list[Service] = []

    async def reach() -> None:
        # A worker beside it brings its database to the schema as well: who comes first does it.
        service = open_service(settings, temporal_client, create=temporal_client is not None)
        opened.append(await stack.enter_async_context(service))

    waiting = asyncio.create_task(until_there("the database", reach, stop))
    stopping = asyncio.create_task(stop.wait())
    # A database that swallows all packets keeps one try busy for longer than a stop may take.
    await asyncio.wait({waiting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    for task in (waiting, stopping):
        task.cancel()
    return opened[0] if not stop.is_set() and await waiting else None
