"""A bucket of videos to try things out with, each made when it is first asked for."""

import asyncio
import re
from pathlib import Path
from tempfile import TemporaryDirectory

from mainspring.emulators.clips import Clip
from mainspring.emulators.objects import Bucket, StoredObject

# Ten minutes at most: the storage keeps everything in memory.
NAMED = re.compile(r"clip-([1-9]\d|[1-9]|[1-5]\d\d|600)s\.mp4")

# Large enough for every profile to have something to do.
WIDTH, HEIGHT = 1280, 720


def sample(seconds: int) -> str:
    """Return the key of a clip of this length."""
    return f"clip-{seconds}s.mp4"


class Samples(Bucket):
    """Holds a clip of every length up to ten minutes, by the key that `sample` gives."""

    def __init__(self) -> None:
        super().__init__()
        self._making = asyncio.Lock()

    async def find(self, key: str) -> StoredObject | None:
        """Return a clip, made now if nobody has asked for it before."""
        named = NAMED.fullmatch(key)
        if named is not None:
            async with self._making:
                if key not in self.objects:
                    self.put(key, await asyncio.to_thread(_made, int(named.group(1))))
        return self.objects.get(key)


def _made(seconds: int) -> StoredObject:
    with TemporaryDirectory() as folder:
        path = Clip(seconds, WIDTH, HEIGHT).write(Path(folder) / sample(seconds))
        return StoredObject(path.read_bytes(), "video/mp4")
