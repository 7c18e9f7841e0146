"""Serving the API over HTTP in the event loop of whoever runs it."""

import asyncio
import errno
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import uvicorn
from fastapi import FastAPI

from mainspring.api.events.hub import Hub
from mainspring.api.heads import LONGEST_HEADERS
from mainspring.client.errors import BadInput
from mainspring.client.validation import shown
from mainspring.devserver.errors import PortTaken

# Whom a stop finds in mid-request has so long; streams are told to end before.
GRACE_SECONDS = 3

# A connection whose other end takes nothing for so long is given up by the system.
UNREAD = timedelta(minutes=1)


class _Server(uvicorn.Server):
    """A server that leaves the process's signals to whoever runs it, and ends at once when told."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.begun, self.ended = asyncio.Event(), asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.begun.set()

    async def main_loop(self) -> None:
        await self.ended.wait()  # uvicorn's own looks ten times a second

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; port 0 takes a free one.

    Raises PortTaken: when somebody else listens there.
    Raises BadInput: when the host is not this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family, backlog=2_048)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(port, "MAINSPRING_API_PORT") from None
        raise BadInput(
            f"MAINSPRING_API_HOST: {shown(host)} is not accepted: an address of this machine where "
            f"port {port} may be opened"
        ) from None
    if hasattr(socket, "TCP_USER_TIMEOUT"):  # Linux; its connections take the option over
        unread = UNREAD // timedelta(milliseconds=1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, unread)
    return listener


def is_loopback(listener: socket.socket) -> bool:
    """Whether only this machine reaches a socket that listens."""
    return ip_address(listener.getsockname()[0]).is_loopback


def url_of(listener: socket.socket) -> str:
    """Return the address of a socket that listens."""
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


@asynccontextmanager
async def serving(
    app: FastAPI, listener: socket.socket, *, trusted_proxies: Sequence[str] = ()
) -> AsyncIterator[None]:
    """Serve on a socket until the block ends; open streams end first, and their clients come back."""
    options: dict[str, Any] = {"log_config": None, "access_log": False, "server_header": False}
    config = uvicorn.Config(
        app,
        lifespan="off",
        interface="asgi3",
        http="h11",  # another parser, if there is one, has no bound for a request's head
        proxy_headers=bool(trusted_proxies),
        forwarded_allow_ips=list(trusted_proxies),
        h11_max_incomplete_event_size=LONGEST_HEADERS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        **options,
    )
    server = _Server(config)
    served = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        await server.begun.wait()
        yield
    finally:
        hub: Hub = app.state.hub
        await hub.close()
        server.ended.set()
        await served
