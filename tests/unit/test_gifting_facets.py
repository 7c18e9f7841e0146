"""What answers to the questionnaire say, and the text that is embedded of them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.contracts.gifting.profiles import CompleteTasteProfile, Facets
from mainspring.domain.gifting.facets import derive_facets, profile_text

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def test_the_known_questions_become_facets() -> None:
    """In small letters, without doubles, whether they come as a list or as a text with commas."""
    facets = derive_facets(
        {
            "recipient": " My  sister ",
            "age": 34,
            "Interests": ["Hiking", "hiking ", "Coffee"],
            "hobbies": "Camping, tea",
            "style": "minimalist; Scandinavian",
            "occasions": ["Birthday"],
            "dislikes": "perfume",
            "budget": {"min": 2_000, "max": 5_000, "currency": "EUR"},
            "notes": "Has everything already.",
        }
    )

    assert (
        Facets(
            recipient="My sister",
            age_group="adult",
            interests=("hiking", "coffee", "camping", "tea"),
            styles=("minimalist", "scandinavian"),
            occasions=("birthday",),
            dislikes=("perfume",),
            min_price_cents=2_000,
            max_price_cents=5_000,
            currency="EUR",
            notes="Has everything already.",
        )
        == facets
    )


def test_unknown_questions_are_kept() -> None:
    """Their answers are embedded too: `favouriteColour` may be what decides."""
    facets = derive_facets({"favouriteColour": "Green", "pets": {"dogs": 2}, "vegan": True, "empty": ""})

    assert {"favourite_colour": "green", "pets": "dogs 2", "vegan": "yes"} == facets.other
    assert "favourite colour: green" in profile_text(facets)


@pytest.mark.parametrize(
    ("answers", "least", "most"),
    [
        ({"budget": 4_000}, None, 4_000),
        ({"budget": {"max": 3_000}}, None, 3_000),
        ({"budget": {"min": 9_000, "max": 3_000}}, 3_000, 9_000),
        ({"price_band": "Medium"}, 2_500, 7_500),
        ({"priceBand": "luxury"}, 20_000, None),
        ({"price_band": "luxury", "budget": 100}, None, 100),
    ],
)
def test_a_budget_is_a_price_band(answers: dict[str, Any], least: int | None, most: int | None) -> None:
    """In minor units; the names of bands are for who names no numbers."""
    facets = derive_facets(answers)

    assert (least, most) == (facets.min_price_cents, facets.max_price_cents)


@pytest.mark.parametrize(
    ("age", "group"),
    [(0, "baby"), (3, "child"), (13, "teen"), ("20", "adult"), (65, "senior"), (-1, None), (400, None)],
)
def test_an_age_is_a_group(age: Any, group: str | None) -> None:
    """What is no age is kept in its words."""
    assert group == derive_facets({"age": age}).age_group


@pytest.mark.parametrize("answer", ["many", {"min": -1}, {"least": 3}, True, {"max": 1, "currency": "Euro"}])
def test_an_answer_that_cannot_be_read_is_kept_in_its_words(answer: Any) -> None:
    """No answer is refused for its form: the user has said something."""
    facets = derive_facets({"budget": answer})

    assert facets.max_price_cents is None
    assert facets.other["budget"]


def test_what_is_disliked_is_not_embedded() -> None:
    """A vector knows no "not"."""
    assert "perfume" not in profile_text(derive_facets({"interests": "tea", "dislikes": "perfume"}))


@given(st.dictionaries(st.text(), JSON, max_size=8))
def test_any_answers_give_facets_and_a_text(answers: dict[str, Any]) -> None:
    """Whatever the answers are, there is something to embed, of a bounded length, that any database takes."""
    text = profile_text(derive_facets(answers))

    assert text.strip()
    assert "\0" not in text
    assert len(text) < 50_000
    assert text.encode()


@pytest.mark.parametrize(
    "answers",
    [{"q": "x" * 20_001}, {f"q{number}": 1 for number in range(101)}, {"q": float("nan")}],
)
def test_answers_are_bounded(answers: dict[str, Any]) -> None:
    """The refusal says what is accepted."""
    with pytest.raises(ValueError, match="at most 100 questions"):
        CompleteTasteProfile(profile_id="p", user_id="u", answers=answers)


def test_answers_that_go_too_deep_are_refused() -> None:
    """They would be no error of ours, and no stack of ours either."""
    deep: Any = "bottom"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="a JSON object"):
        CompleteTasteProfile(profile_id="p", user_id="u", answers={"q": deep})
