"""How much steps may carry: the bounds and what is said of them."""

import pytest

from mainspring.domain.sizes import (
    MOST_DATA,
    MOST_INPUT,
    TooMuch,
    check_data,
    check_input,
    size_of,
)


def test_what_is_above_a_bound_is_refused_with_the_step_its_size_and_the_bound() -> None:
    """The sentence says what to do about it; what is at the bound is taken."""
    check_data("step 'probe'", MOST_DATA, MOST_DATA)
    check_input("probe", MOST_INPUT)

    with pytest.raises(TooMuch, match="step 'probe' gave back 257 kB, and at most 256 kB can be"):
        check_data("step 'probe'", MOST_DATA + 1, MOST_DATA)
    with pytest.raises(TooMuch, match="step 'probe' is to be given 1,025 kB, and at most 1,024 kB can be"):
        check_input("probe", MOST_INPUT + 1)


def test_a_size_is_in_bytes() -> None:
    """What is not ASCII is counted as it is sent."""
    assert len('{"text":"é"}'.encode()) == size_of({"text": "é"})
