"""Vectors that are compared: as bytes, by their cosine, and chosen so that they differ.

A vector has the length 1: the cosine of two is their dot product. Numbers have 32 bits, little endian.

numpy is loaded by the first function that needs it: most commands load this module, and compare nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Vector: TypeAlias = NDArray[np.float32]
    Matrix: TypeAlias = NDArray[np.float32]
else:
    Vector = Matrix = Any

# A dot product depends in its last bits on where a row stands. Rounded, equal texts are equally alike.
DECIMALS = 6

_STORED = "<f4"


@dataclass(frozen=True, eq=False)
class Candidate:
    """A subject with its unit vector, and how much that is like what was asked for (-1 to 1)."""

    subject: str
    similarity: float
    vector: Vector


def unit(numbers: Sequence[float] | NDArray[Any]) -> Vector:
    """Return a vector of length 1 that points the same way.

    Raises ValueError: when the numbers have no direction, or one of them is not finite.
    """
    import numpy as np  # noqa: PLC0415

    vector = np.asarray(numbers, dtype=np.float32)
    length = float(np.linalg.norm(vector.astype(np.float64)))
    if vector.ndim != 1 or not np.isfinite(length) or length == 0:
        raise ValueError("a vector is a list of finite numbers which are not all 0")
    return (vector / length).astype(np.float32)


def to_bytes(vector: Vector) -> bytes:
    """Return a vector as it is stored."""
    return vector.astype(_STORED).tobytes()


def from_bytes(stored: bytes) -> Vector:
    """Return a stored vector, without a copy: nobody may change it."""
    import numpy as np  # noqa: PLC0415

    return np.frombuffer(stored, dtype=_STORED)


def matrix(stored: Sequence[bytes]) -> Matrix:
    """Return stored vectors of one length as the rows of a matrix."""
    import numpy as np  # noqa: PLC0415

    return np.frombuffer(b"".join(stored), dtype=_STORED).reshape(len(stored), -1)


def cosine(one: Vector, other: Vector) -> float:
    """Return how much two unit vectors are alike, from -1 to 1."""
    return round(float(one @ other), DECIMALS)


def nearest(query: Vector, subjects: Sequence[str], vectors: Matrix, n: int) -> list[Candidate]:
    """Return the `n` subjects that are most like the query, the nearest first; ties by subject."""
    import numpy as np  # noqa: PLC0415

    if not subjects or n < 1:
        return []
    similarities = np.round((vectors @ query).astype(np.float64), DECIMALS)
    within: Any = np.arange(len(subjects))
    if n < len(subjects):
        # All that are as near as the last place: which of them has the place is for the order to say.
        last = np.partition(similarities, -n)[-n]
        within = np.flatnonzero(similarities >= last)
    found = [Candidate(subjects[row], float(similarities[row]), vectors[row]) for row in within]
    return sorted(found, key=lambda each: (-each.similarity, each.subject))[:n]


def nearest_of(query: Vector, vectors: Mapping[str, Vector], n: int) -> list[Candidate]:
    """As `nearest`, of vectors by their subjects."""
    import numpy as np  # noqa: PLC0415

    return nearest(query, list(vectors), np.stack(list(vectors.values())), n) if vectors else []


def mmr(candidates: Sequence[Candidate], n: int, weight: float) -> list[Candidate]:
    """Choose `n` candidates by maximal marginal relevance: near to the query, and unlike one another.

    The next one has the greatest `weight` * similarity to the query - (1 - `weight`) * greatest similarity
    to one that is chosen; of equals the first. Carbonell and Goldstein, SIGIR 1998. With `weight` 1 the
    candidates stay in their order; 0.5 to 0.7 is usual, over some five candidates for each place.
    """
    import numpy as np  # noqa: PLC0415

    if not candidates:
        return []
    vectors = np.stack([each.vector for each in candidates])
    relevance = np.array([each.similarity for each in candidates])
    closest = np.full(len(candidates), -1.0)
    left = np.ones(len(candidates), dtype=bool)
    chosen: list[Candidate] = []
    for _ in range(min(n, len(candidates))):
        # Nothing is chosen yet at the first: nothing is to be unlike.
        penalty = closest if chosen else np.zeros(len(candidates))
        scores = np.where(left, np.round(weight * relevance - (1 - weight) * penalty, DECIMALS), -np.inf)
        best = int(np.argmax(scores))
        chosen.append(candidates[best])
        left[best] = False
        closest = np.maximum(closest, vectors @ vectors[best])
    return chosen
