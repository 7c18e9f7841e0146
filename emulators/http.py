"""Emulators over HTTP: an ASGI app whose connections can be broken."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import Address
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from mainspring.emulators.base import Control, Emulator
from mainspring.emulators.control import CONTROL_PREFIX, with_control


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

        class WatchedConnection(H11Protocol):
            def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn
                super().connection_made(transport)
                if self.client:
                    connections[self.client] = transport

            def connection_lost(self, exc: Exception | None) -> None:
                if self.client:
                    connections.pop(self.client, None)
                super().connection_lost(exc)

        return WatchedConnection


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


class HttpEmulator(Emulator):
    """An emulator that is an ASGI app beside its control routes, and whose connections can be broken."""

    def __init__(self, app: ASGIApp, connections: Connections, port: int = 0) -> None:
        super().__init__(port)
        self._app = app
        self._connections = connections
        self._server: _QuietServer | None = None
        self._serving: asyncio.Task[None] | None = None

    @property
    def control_url(self) -> str:
        """The address of the control routes."""
        return f"{self.address}{CONTROL_PREFIX}"

    async def _serve(self, listener: socket.socket) -> None:
        options: dict[str, Any] = {
            "log_config": None,
            "access_log": False,
            "lifespan": "off",
            "interface": "asgi3",
        }
        config = uvicorn.Config(
            with_control(self._app, self.control),
            http=self._connections.protocol(),
            timeout_graceful_shutdown=1,
            **options,
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
        """Return when the emulator no longer serves."""
        if self._serving:
            await self._serving


class ControlServer(HttpEmulator):
    """The control routes of an emulator that speaks no HTTP, at an address of their own."""

    def __init__(self, emulator: Emulator, port: int = 0) -> None:
        super().__init__(Starlette(), Connections(), port)
        self._emulator = emulator

    @property
    def control(self) -> Control:
        """What another process can order of the emulator."""
        return self._emulator.control
