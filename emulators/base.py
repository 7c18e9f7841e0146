"""What every emulator is: an outside service on loopback, in the running loop."""

import socket
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Self

HOST = "127.0.0.1"

Order = Callable[..., None]
View = Callable[[], Any]


@dataclass(frozen=True)
class Control:
    """What another process can order of an emulator, by keyword arguments, and what it can see, as JSON.

    An order raises ValueError, TypeError or KeyError when it is wrong.
    """

    orders: Mapping[str, Order]
    views: Mapping[str, View]
    state: View


class Emulator(ABC):
    """Serves from `async with` to its end; `port` 0 takes a free port, known after the start.

    An emulator says how it serves a socket (`_serve`), how it stops, and what it lets itself be ordered.
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

    @property
    @abstractmethod
    def control(self) -> Control:
        """What another process can order and see."""

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


def change_settings(owner: object, known: Collection[str], settings: Mapping[str, Any]) -> None:
    """Set attributes by name; TypeError for a name that is not `known`."""
    if unknown := settings.keys() - set(known):
        raise TypeError(f"unknown: {', '.join(sorted(unknown))}")
    for name, value in settings.items():
        setattr(owner, name, value)
