"""What a download comes from, whatever it is: bytes from some offset on, and what they belong to."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from mainspring.gateways.download.partial import Begun
from mainspring.gateways.errors import Refused

SERVICE = "download"


class TooLarge(Refused):
    """The source is larger than is allowed."""


class NotAVideo(Refused):
    """The source says that it is something else."""


class SourceRefused(Refused):
    """The source is not one that may be read."""


@dataclass(frozen=True)
class Incoming:
    """Bytes on their way. `tag` stays the same as long as the content does; None when nobody can say.

    `offset` is where the bytes begin: that of what was begun, or 0 when it starts anew.
    """

    offset: int
    tag: str | None
    total: int | None
    chunks: AsyncIterator[bytes]


class Source(Protocol):
    """Something that can be read from an offset on."""

    def open(self, begun: Begun | None) -> AbstractAsyncContextManager[Incoming]:
        """Give the bytes after what was begun, if the source is still the same, or else all."""
        ...
