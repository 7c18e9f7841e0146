"""What every emulator is: an outside service on loopback, in the running loop."""

import socket
from abc import ABC, abstractmethod
from types import TracebackType
from typing import ClassVar, Self

HOST = "127.0.0.1"


class Emulator(ABC):
    """Serves from `async with` to its end; `port` 0 takes a free port, known after the start.

    An emulator says how it serves a socket (`_serve`), and how it stops.
    """

    scheme: ClassVar[str] = "http"

    def __init__(self, port: int = 0) -> None:
        self.host = HOST
        self.port = port

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def address(self) -> str:
        """Where the emulator is, as the beginning of a URL."""
        return f"{self.scheme}://{self.host}:{self.port}"

    async def start(self) -> None:
        """Accept connections; after a stop, on the same port with everything as it was."""
        # asyncio turns Nagle's delay off only for a socket that says that it is TCP: 40 ms an answer.
        listener = socket.socket(proto=socket.IPPROTO_TCP)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((self.host, self.port))
        self.port = listener.getsockname()[1]
        await self._serve(listener)

    @abstractmethod
    async def _serve(self, listener: socket.socket) -> None:
        """Begin to serve the bound socket."""

    @abstractmethod
    async def stop(self) -> None:
        """Refuse connections, as a service that is down does, and end those that there are."""

    @abstractmethod
    async def wait(self) -> None:
        """Return when the emulator no longer serves."""
