"""The embedded model: texts as vectors, on this machine and offline."""

import asyncio
import math
import time
from collections.abc import Sequence

import pytest

from mainspring.gateways.embeddings import BATCH, EmbeddedModel

BACKPACK = "Trekking backpack 45 l. A light backpack with a rain cover, for tours of several days."
BLENDER = "Kitchen blender 1.5 l. A strong blender with a glass jug, for smoothies and soups."


@pytest.fixture(scope="module")
def model() -> EmbeddedModel:
    """Give one model to all tests: it is loaded once."""
    return EmbeddedModel()


def likeness(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the cosine of two vectors of length 1."""
    return sum(a * b for a, b in zip(one, other, strict=True))


async def test_a_hiker_is_nearer_to_a_backpack_than_to_a_blender(model: EmbeddedModel) -> None:
    """By what the texts mean: they have no word in common."""
    hiker, backpack, blender = (await model.embed(["gift for a hiker", BACKPACK, BLENDER])).vectors

    assert likeness(hiker, backpack) > likeness(hiker, blender) + 0.3
    assert [model.dimensions] * 3 == [len(each) for each in (hiker, backpack, blender)]
    assert math.isclose(1, likeness(hiker, hiker), abs_tol=1e-5)


async def test_the_order_and_the_vectors_do_not_depend_on_the_neighbours(model: EmbeddedModel) -> None:
    """Texts are padded to their neighbours' length, and the padding counts for nothing."""
    texts = [
        f"{BLENDER if number % 3 else BACKPACK} {'word ' * (number % 7)}{number}" for number in range(20)
    ]

    together = await model.embed(texts)

    for text, vector in list(zip(texts, together.vectors, strict=True))[::6]:
        alone = await model.embed([text])
        assert likeness(alone.vectors[0], vector) > 0.99  # int8: the scales of a run are those of its texts
    assert together.tokens > 20 * len(texts)


async def test_the_event_loop_goes_on_meanwhile(model: EmbeddedModel) -> None:
    """The work is done in a thread, and the thread lets the event loop run."""
    longest, last = 0.0, time.monotonic()
    embedding = asyncio.ensure_future(model.embed([BACKPACK * 3] * 40))
    while not embedding.done():
        await asyncio.sleep(0.005)
        longest, last = max(longest, time.monotonic() - last), time.monotonic()

    assert 1 > longest


@pytest.mark.parametrize(
    ("texts", "message"),
    [(["a", " "], "text 1 is empty"), (["a"] * (BATCH + 1), "2,049 texts at once: at most 2,048")],
    ids=["empty", "too many"],
)
async def test_what_no_model_takes_is_refused(model: EmbeddedModel, texts: list[str], message: str) -> None:
    """An endpoint refuses the same: a text that works here works there."""
    with pytest.raises(ValueError, match=message):
        await model.embed(texts)


async def test_any_text_has_a_vector(model: EmbeddedModel) -> None:
    """Whatever its length, letters or signs."""
    texts = ["x" * 100_000, "\0", "🎁", "贈り物", "\u202eabc", "word " * 5_000]

    vectors = (await model.embed(texts)).vectors

    assert all(math.isclose(1, likeness(each, each), abs_tol=1e-5) for each in vectors)
