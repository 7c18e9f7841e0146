"""What two processes of this program say to each other: Python's own values, over a pair of sockets.

Both ends are the same program, started by the same user: nothing from outside is ever read here.
"""

import asyncio
import pickle
import struct
from dataclasses import dataclass
from typing import Any

LENGTH = struct.Struct("!I")


@dataclass(frozen=True)
class Stop:
    """Work no more, when what is under way has come to its end."""


@dataclass(frozen=True)
class Ended:
    """The process has come to its end by itself, in order or by an error."""

    error: Exception | None = None

    @classmethod
    def by(cls, error: Exception) -> "Ended":
        """Return what is told of an error, also of one that cannot be sent."""
        try:
            sent: Exception = pickle.loads(pickle.dumps(error))  # noqa: S301  # just written
        except Exception:  # noqa: BLE001  # whatever its class does when it is read
            sent = RuntimeError(f"{type(error).__name__}: {error}")
        return cls(sent)


def send(writer: asyncio.StreamWriter, frame: object) -> None:
    """Send a frame; harmless when nobody is there any more to read it."""
    data = pickle.dumps(frame)
    writer.write(LENGTH.pack(len(data)) + data)


async def receive(reader: asyncio.StreamReader) -> Any:
    """Return the next frame; None when the other end is gone."""
    try:
        (length,) = LENGTH.unpack(await reader.readexactly(LENGTH.size))
        return pickle.loads(await reader.readexactly(length))  # noqa: S301  # from a process of our own
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
