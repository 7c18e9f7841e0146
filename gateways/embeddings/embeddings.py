"""What every embedding model is, whether it runs in the worker or behind an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

# The most texts of one request of an OpenAI-compatible endpoint.
BATCH = 2_048


@dataclass(frozen=True, slots=True)
class Embedded:
    """The vectors of texts, in the order of the texts, each of length 1; and the tokens that were read."""

    vectors: Sequence[Sequence[float]]
    tokens: int


class Embeddings(Protocol):
    """A model that turns texts into vectors. Vectors of two models, or of two sizes, are never compared.

    `model` names the model as it is stored beside each vector.
    """

    @property
    def model(self) -> str:
        """The name of the model."""
        ...

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        ...

    async def embed(self, texts: Sequence[str]) -> Embedded:
        """Return the vectors of up to `BATCH` texts, none of them empty. One request.

        Raises GatewayError: when the model could not be asked.
        """
        ...


def check_texts(texts: Sequence[str]) -> None:
    """Raise ValueError for texts that no model takes."""
    if len(texts) > BATCH:
        raise ValueError(f"{len(texts):,} texts at once: at most {BATCH:,} are accepted")
    for number, text in enumerate(texts):
        if not text.strip():
            raise ValueError(f"text {number} is empty: a text with at least one letter is accepted")
