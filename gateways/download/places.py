"""A video that is an object of a bucket, or a file of an allowed folder."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from mainspring.gateways.download.partial import Begun
from mainspring.gateways.download.source import SERVICE, Incoming, SourceRefused
from mainspring.gateways.objects import Objects

CHUNK_BYTES = 1 << 20


class ObjectSource:
    """An object, by its key."""

    def __init__(self, objects: Objects, key: str) -> None:
        self._objects = objects
        self._key = key

    @asynccontextmanager
    async def open(self, begun: Begun | None) -> AsyncIterator[Incoming]:
        """Read what is missing; raises what `gateways.objects` does."""
        offset, tag = (begun.size, begun.tag) if begun else (0, None)
        found = await self._objects.content(self._key, offset=offset, tag=tag)
        yield Incoming(found.offset, found.whole.tag, found.whole.size_bytes, found.chunks)


class FileSource:
    """A file below one of the folders that may be read."""

    def __init__(self, path: Path, roots: tuple[Path, ...]) -> None:
        self._path = path
        self._roots = roots

    @asynccontextmanager
    async def open(self, begun: Begun | None) -> AsyncIterator[Incoming]:
        """Read what is missing; raises SourceRefused for a file elsewhere, or one that is not there."""
        path = await asyncio.to_thread(self._allowed)
        with path.open("rb") as file:
            status = await asyncio.to_thread(path.stat)
            tag = f"{status.st_mtime_ns}-{status.st_size}"
            offset = begun.size if begun and begun.tag == tag else 0
            file.seek(offset)
            yield Incoming(offset, tag, status.st_size, _chunks(file))

    def _allowed(self) -> Path:
        # Links and dots are followed first: what counts is where the file really is.
        real = self._path.resolve()
        if not any(real.is_relative_to(root.resolve()) for root in self._roots):
            raise SourceRefused(f"{self._path} is in no folder that may be read", service=SERVICE)
        if not real.is_file():
            raise SourceRefused(f"{self._path} is not a file", service=SERVICE)
        return real


async def _chunks(file: BinaryIO) -> AsyncIterator[bytes]:
    while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
        yield chunk
