"""The gateway to an OpenAI-compatible endpoint for embeddings."""

import math
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from mainspring.contracts.retry import Retry, retry_of
from mainspring.emulators.embeddings import EmbeddingsEmulator, EmbeddingsFault
from mainspring.gateways.embeddings import HttpEmbeddings, open_embeddings
from mainspring.gateways.embeddings.http import BYTES_OF_A_TOKEN, MOST_TOKENS, parts_of
from mainspring.gateways.errors import GatewayError


@pytest_asyncio.fixture
async def emulator() -> AsyncIterator[EmbeddingsEmulator]:
    """Run the endpoint."""
    async with EmbeddingsEmulator(dimensions=16) as emulator:
        yield emulator


@pytest_asyncio.fixture
async def embeddings(emulator: EmbeddingsEmulator) -> AsyncIterator[HttpEmbeddings]:
    """Give the gateway."""
    async with open_embeddings(emulator.base_url, "small", 16, key=emulator.key) as embeddings:
        yield embeddings


async def test_vectors_come_in_the_order_of_the_texts(
    embeddings: HttpEmbeddings, emulator: EmbeddingsEmulator
) -> None:
    """In one request, whatever the order of the answer."""
    texts = [f"text about {name}" for name in ("hiking", "cooking", "reading", "hiking")]

    embedded = await embeddings.embed(texts)

    assert 1 == emulator.calls
    assert embedded.vectors[0] == embedded.vectors[3] != embedded.vectors[1]
    assert all(math.isclose(1, math.hypot(*vector)) for vector in embedded.vectors)
    assert ("small/16", 16) == (embeddings.model, embeddings.dimensions)
    assert embedded.tokens > len(texts)


async def test_a_model_of_several_sizes_is_asked_for_one(emulator: EmbeddingsEmulator) -> None:
    """By the field `dimensions`."""
    async with open_embeddings(
        emulator.base_url, "large", 8, key=emulator.key, asks_for_dimensions=True
    ) as embeddings:
        assert 8 == len((await embeddings.embed(["a text"])).vectors[0])


@pytest.mark.parametrize(
    ("fault", "kind", "retry", "words"),
    [
        (EmbeddingsFault.RATE_LIMITED, "EmbeddingsBusy", Retry.TRANSIENT, "as many requests"),
        (EmbeddingsFault.SERVER_ERROR, "ServerFault", Retry.TRANSIENT, "fault of its own"),
        (
            EmbeddingsFault.UNAUTHORIZED,
            "EmbeddingsKeyRefused",
            Retry.UNTIL_MENDED,
            "MAINSPRING_EMBEDDINGS_API_KEY",
        ),
        (EmbeddingsFault.SHORT, "MalformedAnswer", Retry.APPLICATION, "not a vector for each of 2"),
        (EmbeddingsFault.WRONG_SIZE, "MalformedAnswer", Retry.APPLICATION, "vectors of 15 numbers, not 16"),
        (EmbeddingsFault.DROP, "Unreachable", Retry.TRANSIENT, "did not answer"),
    ],
)
async def test_each_fault_says_what_happened_and_whether_to_try_again(
    embeddings: HttpEmbeddings,
    emulator: EmbeddingsEmulator,
    fault: EmbeddingsFault,
    kind: str,
    retry: Retry,
    words: str,
) -> None:
    """The next call is not of it."""
    emulator.faults.next(fault)

    with pytest.raises(GatewayError, match=words) as raised:
        await embeddings.embed(["one", "two"])

    assert (kind, retry) == (type(raised.value).__name__, retry_of(raised.value))
    assert 2 == len((await embeddings.embed(["one", "two"])).vectors)


def test_texts_that_are_too_long_for_one_request_are_sent_in_several() -> None:
    """In their order, each request as full as it may be; a text that is too long alone is sent alone."""
    long = "x" * (MOST_TOKENS // 2 * BYTES_OF_A_TOKEN)

    assert [["a", "b"]] == [list(part) for part in parts_of(["a", "b"])]
    assert [[long], [long, "a"]] == [list(part) for part in parts_of([long, long, "a"])]
    assert [[3 * long], ["a"]] == [list(part) for part in parts_of([3 * long, "a"])]
