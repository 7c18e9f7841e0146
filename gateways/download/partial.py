"""A file that comes in pieces, over several lives of the process."""

import asyncio
import json
import os
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO


@dataclass(frozen=True)
class Begun:
    """What an earlier life has left: so many bytes, of `total` if known, of what had the `tag`."""

    size: int
    tag: str
    total: int | None


class PartialFile:
    """`path` while it is not whole: its bytes beside a note of what they are the beginning of.

    Bytes are written at their place, not appended: should two lives overlap, they write the same twice.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._note = path.with_name(f"{path.name}.note")
        self._file: BinaryIO | None = None
        self.size = 0

    def begun(self) -> Begun | None:
        """Return what can be gone on with, if anything."""
        try:
            note = json.loads(self._note.read_text())
            begun = Begun(size=self.path.stat().st_size, **note)
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return None if begun.total is not None and begun.size > begun.total else begun

    def begin(self, tag: str | None, total: int | None) -> None:
        """Start from nothing; without a `tag` a later life cannot go on."""
        self._note.unlink(missing_ok=True)
        # Not truncated: a life that still writes to the old file must not write into the new one.
        self.path.unlink(missing_ok=True)
        self._file = self.path.open("xb")
        self.size = 0
        if tag is not None:
            self._note.write_text(json.dumps({"tag": tag, "total": total}))

    def go_on(self, begun: Begun) -> None:
        """Continue after what is there."""
        self._file = self.path.open("r+b")
        self._file.seek(begun.size)
        self.size = begun.size

    def write(self, chunk: bytes) -> None:
        """Add bytes; they outlast the process."""
        assert self._file is not None  # noqa: S101  # begun before
        self._file.write(chunk)
        self._file.flush()
        self.size += len(chunk)

    def close(self) -> None:
        """Let go of the file, whole or not."""
        if self._file is not None:
            self._file.close()
            self._file = None

    async def complete(self) -> str:
        """Call it whole: bring it to the disk, forget the note, and return its SHA-256."""
        self.close()
        digest = await asyncio.to_thread(_settled, self.path)
        self._note.unlink(missing_ok=True)
        return digest


def _settled(path: Path) -> str:
    digest = sha256()
    with path.open("rb") as file:
        os.fsync(file.fileno())
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
