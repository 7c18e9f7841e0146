"""Vectors that are compared, and chosen so that they differ."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.domain.gifting.similarity import (
    Candidate,
    cosine,
    from_bytes,
    matrix,
    mmr,
    nearest,
    to_bytes,
    unit,
)

NUMBERS = st.floats(-10, 10, width=32)
VECTORS = st.lists(NUMBERS, min_size=4, max_size=4).filter(lambda each: math.hypot(*each) > 1e-3)


def test_a_vector_is_stored_with_the_length_one() -> None:
    """Whatever its length was, its direction stays."""
    stored = to_bytes(unit([3, 4]))

    assert 8 == len(stored)
    assert [0.6, 0.8] == pytest.approx(from_bytes(stored).tolist())
    assert stored == np.array([0.6, 0.8], dtype="<f4").tobytes()


@pytest.mark.parametrize("numbers", [[0, 0], [math.nan, 1], [math.inf, 1], []])
def test_numbers_without_a_direction_are_refused(numbers: list[float]) -> None:
    """Such a vector would be near to everything, or to nothing."""
    with pytest.raises(ValueError, match="finite numbers which are not all 0"):
        unit(numbers)


@given(VECTORS, st.lists(VECTORS, min_size=1, max_size=30), st.integers(1, 35))
def test_the_nearest_are_those_that_a_plain_sort_finds(
    query: list[float], vectors: list[list[float]], n: int
) -> None:
    """The first n of all subjects by cosine, and of equals by id."""
    units = [unit(each) for each in vectors]
    subjects = [f"s{number:02}" for number in range(len(units))]
    found = nearest(unit(query), subjects, np.stack(units), n)

    by_hand = sorted(
        zip(subjects, units, strict=True), key=lambda each: (-cosine(each[1], unit(query)), each[0])
    )
    assert [subject for subject, _ in by_hand][:n] == pytest.approx([each.subject for each in found])


def test_equal_vectors_come_in_the_order_of_their_subjects() -> None:
    """Where a row stands in the matrix decides nothing, also at the last place."""
    twin = unit(np.arange(1, 385))
    subjects = [f"s{number:03}" for number in reversed(range(101))]
    found = nearest(unit(np.ones(384)), subjects, matrix([to_bytes(twin)] * 101), 7)

    assert [f"s{number:03}" for number in range(7)] == [each.subject for each in found]


def test_nothing_is_nearest_where_nothing_is() -> None:
    """An empty catalogue is no error."""
    assert [] == nearest(unit([1, 0]), [], np.empty((0, 2), dtype=np.float32), 3)
    assert [] == mmr([], 3, 0.6)


def candidates(*vectors: tuple[float, float, float]) -> list[Candidate]:
    """Give candidates for the query (1, 0, 0), the nearest first."""
    query = unit([1, 0, 0])
    units = [unit(each) for each in vectors]
    found = [Candidate(f"s{number}", cosine(each, query), each) for number, each in enumerate(units)]
    return sorted(found, key=lambda each: -each.similarity)


def test_what_is_like_the_chosen_gives_way_to_what_differs() -> None:
    """Of twins one is chosen, then what is less near and of another kind."""
    found = candidates((1, 0.2, 0), (1, 0.21, 0), (1, 0, 0.6))

    assert ["s0", "s2", "s1"] == [each.subject for each in mmr(found, 3, 0.5)]
    assert ["s0", "s1", "s2"] == [each.subject for each in mmr(found, 3, 1)]


@given(st.lists(VECTORS, min_size=1, max_size=15), st.integers(1, 15), st.floats(0, 1))
def test_each_choice_has_the_greatest_marginal_relevance(
    vectors: list[list[float]], n: int, weight: float
) -> None:
    """λ*sim(d,q) - (1-λ)*max sim(d,S), computed one by one."""
    query = unit([1, 1, 1, 1])
    found = [Candidate(f"s{row}", cosine(unit(each), query), unit(each)) for row, each in enumerate(vectors)]
    chosen = mmr(found, n, weight)

    assert min(n, len(found)) == len({each.subject for each in chosen})
    for place, each in enumerate(chosen):
        before = chosen[:place]

        def relevance(one: Candidate, before: list[Candidate] = before) -> float:
            penalty = max((cosine(one.vector, other.vector) for other in before), default=0.0)
            return weight * one.similarity - (1 - weight) * penalty

        best = max(relevance(one) for one in found if one not in before)
        assert best == pytest.approx(relevance(each), abs=1e-5)
