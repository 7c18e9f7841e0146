"""What every stand-in is: an ASGI app on loopback in the running loop, whose connections can be broken."""

import asyncio
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Self

import uvicorn
from starlette.datastructures import Address
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

HOST = "127.0.0.1"


class Connections(dict[tuple[str, int], asyncio.Transport]):
    """The open connections, by the client's address."""

    async def abort(self, client: Address | None) -> None:
        """Break the client's connection at once, as a pulled cable would, and let the server notice."""
        if client is not None and (transport := self.get((client.host, client.port))):
            transport.abort()
            await asyncio.sleep(0)

    def protocol(self) -> type[asyncio.Protocol]:
        """Return uvicorn's protocol, which tells of every connection here."""
        connections = self

        class WatchedProduct(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
                super().connection_made(transport)
                if self.client:
                    connections[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client:
                    connections.pop(self.client, None)
                super().connection_lost(exc)

        return WatchedProduct


class _QuietServer(uvicorn.Server):
    """A server that leaves the process's signals to whoever runs it, and ends at once when told."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ended = asyncio.Event()

    async def main_loop(self) -> None:
        await self.ended.wait()  # uvicorn's own looks ten times a second

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class LoopbackServer:
    """Serves an app from `async with` to its end; `port` 0 takes a free one, known after the start."""

    def __init__(self, app: ASGIApp, connections: Connections, port: int = 0) -> None:
        self.app = app
        self.port = port
        self._connections = connections
        self._server: _QuietServer | None = None
        self._serving: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def address(self) -> str:
        """Where it is, as the beginning of a URL."""
        return f"http://{HOST}:{self.port}"

    async def start(self) -> None:
        """Accept connections; after a stop, on the same port with everything as it was."""
        # asyncio turns Nagle's delay off only for a socket that says that it is TCP: 40 ms an answer.
        listener = socket.socket(proto=socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((HOST, self.port))
        self.port = listener.getsockname()[1]
        options: dict[str, Any] = {
            "log_config": None,
            "access_log": False,
            "lifespan": "off",
            "interface": "asgi3",
        }
        config = uvicorn.Config(
            self.app, http=self._connections.protocol(), timeout_graceful_shutdown=1, **options
        )
        self._server = _QuietServer(config)
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        while not self._server.started:
            if self._serving.done():
                await self._serving
            await asyncio.sleep(0.005)

    async def stop(self) -> None:
        """Refuse connections, as a service that is down does; a busy one is broken after a second."""
        if self._server and self._serving:
            self._server.ended.set()
            await self._serving
            self._server = self._serving = None

    async def wait(self) -> None:
        """Return when it no longer serves."""
        if self._serving:
            await self._serving


async def serve_alone(server: LoopbackServer, path: str = "") -> None:
    """Serve until interrupted, and print the address of `path` for whoever reads this process's output."""
    async with server:
        sys.stdout.write(f"{server.address}{path}\n")
        sys.stdout.flush()
        await server.wait()
