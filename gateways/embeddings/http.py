"""An OpenAI-compatible endpoint: `POST /embeddings` below its address."""

import math
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any

from mainspring.contracts.retry import Retry
from mainspring.gateways.embeddings.embeddings import Embedded, check_texts
from mainspring.gateways.errors import CredentialsRefused, LimitExceeded, MalformedAnswer, Refused
from mainspring.gateways.json_http import JsonHttp, open_json_http

SERVICE = "the embeddings"

# https://platform.openai.com/docs/api-reference/embeddings, November 2026: so many tokens of a request.
MOST_TOKENS = 300_000
# English has four; no text has fewer.
BYTES_OF_A_TOKEN = 2


class EmbeddingsKeyRefused(CredentialsRefused):
    """The key of the embeddings is not accepted: correct MAINSPRING_EMBEDDINGS_API_KEY."""

    retry = Retry.UNTIL_MENDED


class EmbeddingsBusy(LimitExceeded):
    """The endpoint has taken as many requests as it takes; `retry_after` is what it asks to wait."""

    retry = Retry.TRANSIENT


class EmbeddingsRefused(Refused):
    """The endpoint does not take the request: look at MAINSPRING_EMBEDDINGS_URL and …_MODEL."""

    retry = Retry.UNTIL_MENDED


class HttpEmbeddings:
    """The endpoint's `model`, asked for vectors of this many `dimensions`.

    `asks_for_dimensions` is for models that can give vectors of several sizes; others refuse the field.
    """

    def __init__(
        self, http: JsonHttp, model: str, dimensions: int, *, asks_for_dimensions: bool = False
    ) -> None:
        self._http = http
        self._options = {"dimensions": dimensions} if asks_for_dimensions else {}
        self._model = model
        # Vectors of another size are those of another model.
        self.model = f"{model}/{dimensions}"
        self.dimensions = dimensions

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Return the vectors of texts. One request, or more where the texts are too long for one."""
        check_texts(texts)
        vectors: list[Sequence[float]] = []
        tokens = 0
        for part in parts_of(texts):
            embedded = await self._embed(part)
            vectors += embedded.vectors
            tokens += embedded.tokens
        return Embedded(vectors, tokens)

    async def _embed(self, texts: Sequence[str]) -> Embedded:
        request = {"model": self._model, "input": list(texts), **self._options}
        try:
            answer = await self._http.post("/embeddings", request)
        except LimitExceeded as error:
            raise EmbeddingsBusy(
                error.detail, service=SERVICE, status=error.status, retry_after=error.retry_after
            ) from error
        except CredentialsRefused as error:
            raise EmbeddingsKeyRefused(error.detail, service=SERVICE, status=error.status) from error
        except Refused as error:
            raise EmbeddingsRefused(error.detail, service=SERVICE, status=error.status) from error
        return self._read(answer, len(texts))

    def _read(self, answer: Any, count: int) -> Embedded:
        try:
            found = {each["index"]: each["embedding"] for each in answer["data"]}
            vectors = [_unit([float(number) for number in found[index]]) for index in range(count)]
            tokens = int(answer.get("usage", {}).get("total_tokens", 0))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            detail = f"not a vector for each of {count} texts: {type(error).__name__}: {error}"
            raise MalformedAnswer(detail, service=SERVICE) from error
        if wrong := {len(vector) for vector in vectors} - {self.dimensions}:
            detail = f"vectors of {wrong.pop()} numbers, not {self.dimensions}"
            raise MalformedAnswer(f"{detail}: set MAINSPRING_EMBEDDINGS_DIMENSIONS", service=SERVICE)
        return Embedded(vectors, tokens)


def parts_of(texts: Sequence[str]) -> list[Sequence[str]]:
    """Return the texts in as few parts as one request each takes."""
    ends, tokens = [0], 0
    for number, text in enumerate(texts):
        size = len(text.encode(errors="replace")) // BYTES_OF_A_TOKEN + 1
        if tokens + size > MOST_TOKENS and number > ends[-1]:
            ends.append(number)
            tokens = 0
        tokens += size
    return [texts[start:end] for start, end in pairwise([*ends, len(texts)])]


def _unit(vector: list[float]) -> list[float]:
    length = math.sqrt(math.fsum(each * each for each in vector))
    if not length or not math.isfinite(length):
        raise ValueError("a vector without a direction")
    return [each / length for each in vector]


@asynccontextmanager
async def open_embeddings(
    base_url: str, model: str, dimensions: int, *, key: str | None = None, asks_for_dimensions: bool = False
) -> AsyncIterator[HttpEmbeddings]:
    """Give an endpoint, over connections that are closed at the end."""
    headers = {"Authorization": f"Bearer {key}"} if key else None
    async with open_json_http(SERVICE, base_url, headers=headers) as http:
        yield HttpEmbeddings(http, model, dimensions, asks_for_dimensions=asks_for_dimensions)
