"""The embedded model: all-MiniLM-L6-v2, which comes in a wheel and runs in the worker, offline.

The model and what runs it take 200 MB and a second or two: they are loaded when the first text comes.
"""

import asyncio
import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING

from mainspring.gateways.embeddings.embeddings import Embedded, check_texts

if TYPE_CHECKING:
    from mainspring.gateways.embeddings.minilm import MiniLm


class EmbeddedModel:
    """Embeds in a thread, one call after another: a call uses one core.

    A text is read up to 256 tokens, which are about 200 English words.
    """

    model = "all-MiniLM-L6-v2-int8"
    dimensions = 384

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._loading = threading.Lock()
        self._loaded: MiniLm | None = None

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Return the vectors of texts."""
        check_texts(texts)
        async with self._turn:
            return await asyncio.to_thread(self._embed, tuple(texts))

    def _embed(self, texts: Sequence[str]) -> Embedded:
        return self._model().embed(texts)

    def _model(self) -> "MiniLm":
        # A call that was cancelled goes on in its thread, beside the next call.
        with self._loading:
            if self._loaded is None:
                from mainspring.gateways.embeddings.minilm import MiniLm  # noqa: PLC0415  # 200 MB

                self._loaded = MiniLm()
            return self._loaded
