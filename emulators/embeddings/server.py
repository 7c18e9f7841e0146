"""`POST /v1/embeddings` as OpenAI has it, with its limits, faults on demand and counters."""

import asyncio
from enum import StrEnum
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mainspring.emulators.base import Control, change_settings
from mainspring.emulators.embeddings.vectors import vector_of
from mainspring.emulators.faults import FaultQueue
from mainspring.emulators.http import Connections, HttpEmulator

PREFIX = "/v1"
DIMENSIONS = 64

# https://platform.openai.com/docs/api-reference/embeddings, November 2026.
MOST_TEXTS = 2_048
MOST_TOKENS = 300_000
LETTERS_OF_A_TOKEN = 4

SETTINGS = ("retry_after_seconds", "slow_seconds")


class EmbeddingsFault(StrEnum):
    """One way in which a call goes wrong."""

    RATE_LIMITED = "rate_limited"  # 429, with Retry-After
    SERVER_ERROR = "server_error"  # 500
    UNAUTHORIZED = "unauthorized"  # 401
    SHORT = "short"  # an answer with a vector too few
    WRONG_SIZE = "wrong_size"  # an answer with vectors of another length
    SLOW = "slow"  # an answer, after a while
    DROP = "drop"  # the connection breaks


STATUSES = {
    EmbeddingsFault.RATE_LIMITED: 429,
    EmbeddingsFault.SERVER_ERROR: 500,
    EmbeddingsFault.UNAUTHORIZED: 401,
}


class EmbeddingsEmulator(HttpEmulator):
    """The endpoint; `key` is the only one that is accepted. `texts` are those that were embedded."""

    def __init__(self, *, key: str = "emulator", dimensions: int = DIMENSIONS, port: int = 0) -> None:
        self.key = key
        self.dimensions = dimensions
        self.faults: FaultQueue[EmbeddingsFault] = FaultQueue()
        self.retry_after_seconds = 1
        self.slow_seconds = 1.0
        self.calls = 0
        self.texts: list[str] = []
        route = Route(f"{PREFIX}/embeddings", self._embed, methods=["POST"])
        super().__init__(Starlette(routes=[route]), Connections(), port)

    @property
    def base_url(self) -> str:
        """The address, for `gateways.embeddings.HttpEmbeddings`."""
        return f"{self.address}{PREFIX}"

    @property
    def control(self) -> Control:
        """The order faults, such as `{"next": ["rate_limited", null]}`, and reset."""
        return Control(
            orders={"faults": self._order_faults, "reset": self.reset},
            views={"texts": lambda: self.texts},
            state=lambda: {"calls": self.calls, "texts": len(self.texts)},
        )

    def reset(self) -> None:
        """Forget what was asked, and let nothing go wrong."""
        self.calls = 0
        self.texts.clear()
        self.faults.clear()

    def _order_faults(
        self,
        *,
        next: list[str | None] | None = None,  # noqa: A002  # the name of the JSON field
        **settings: Any,
    ) -> None:
        self.faults.next(*(None if name is None else EmbeddingsFault(name) for name in next or ()))
        change_settings(self, SETTINGS, settings)

    async def _embed(self, request: Request) -> Response:
        self.calls += 1
        fault = self.faults.take()
        if request.headers.get("authorization") != f"Bearer {self.key}":
            fault = EmbeddingsFault.UNAUTHORIZED
        if fault in STATUSES:
            return self._refusal(STATUSES[fault], f"the emulator was told so: {fault}")
        if fault is EmbeddingsFault.DROP:
            await self._connections.abort(request.client)
            return Response()
        if fault is EmbeddingsFault.SLOW:
            await asyncio.sleep(self.slow_seconds)
        asked = await request.json()
        return self._answer(asked["input"], asked["model"], asked.get("dimensions"), fault)

    def _answer(
        self, texts: list[str], model: str, dimensions: int | None, fault: EmbeddingsFault | None
    ) -> Response:
        tokens = sum(1 + len(text) // LETTERS_OF_A_TOKEN for text in texts)
        if not texts or len(texts) > MOST_TEXTS or tokens > MOST_TOKENS or not all(texts):
            return self._refusal(400, "too many texts, too many tokens, or an empty text")
        self.texts += texts
        size = (dimensions or self.dimensions) - (fault is EmbeddingsFault.WRONG_SIZE)
        data = [
            {"object": "embedding", "index": number, "embedding": vector_of(text, size)}
            for number, text in enumerate(texts)
        ]
        if fault is EmbeddingsFault.SHORT:
            data.pop()
        # The order of the answer is that of `index`, which need not be that of the list.
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return JSONResponse({"object": "list", "data": data[::-1], "model": model, "usage": usage})

    def _refusal(self, status: int, message: str) -> Response:
        headers = (
            {"retry-after": str(self.retry_after_seconds)}
            if status == STATUSES[EmbeddingsFault.RATE_LIMITED]
            else {}
        )
        return JSONResponse({"error": {"message": message, "type": "error"}}, status, headers)
