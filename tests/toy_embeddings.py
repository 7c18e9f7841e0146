"""A small model for tests, which counts its calls: texts with words in common are near."""

import asyncio
import zlib
from collections.abc import Sequence

from mainspring.domain.gifting.matching import stems
from mainspring.gateways.embeddings import Embedded, check_texts

DIMENSIONS = 4_096

# Words of the form, and others that say nothing.
SILENT = stems("gift interests occasion style tags and for the with that its from who you one two")


class ToyEmbeddings:
    """Gives each word a place of its own, more or less. `open` holds calls up while it is not set."""

    model = "toy"
    dimensions = DIMENSIONS

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Return the vectors of texts."""
        check_texts(texts)
        self.calls.append(list(texts))
        await self.open.wait()
        return Embedded([toy_vector(each) for each in texts], tokens=sum(len(each.split()) for each in texts))


def toy_vector(text: str) -> list[float]:
    """Return a vector with a number for each word."""
    vector = [0.0001] * DIMENSIONS
    for word in stems(text) - SILENT:
        vector[zlib.crc32(word.encode()) % DIMENSIONS] += 1.0
    return vector
