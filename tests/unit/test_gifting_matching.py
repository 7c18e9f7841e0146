"""What of a profile matches a product, in words."""

import pytest

from mainspring.contracts.gifting.profiles import Facets
from mainspring.domain.gifting.matching import ProductWords, is_disliked, is_same, reason

BACKPACK = ProductWords(
    gift_tags=("Outdoor", "hikers"),
    style_tags=("rugged",),
    occasions=("Birthday", "graduation"),
    text="Trekking backpack of 45 litres, with a rain cover, for long walks",
    price_cents=12_900,
)


@pytest.mark.parametrize(
    ("facets", "expected"),
    [
        (Facets(interests=("hiking",)), "matches hiking"),
        (Facets(recipient="my dear hiker"), "matches hiker"),
        (
            Facets(interests=("hiking", "outdoors", "walking"), max_price_cents=20_000),
            "matches hiking and outdoors; its description says walking; within the budget",
        ),
        (
            Facets(styles=("rugged",), occasions=("birthday",), max_price_cents=10_000),
            "in the style rugged; fits birthday",
        ),
        (Facets(interests=("knitting",)), "close to knitting"),
        (Facets(recipient="my sister"), "close to what the profile says"),
        (
            Facets(other={"pets": "dogs"}, min_price_cents=1),
            "close to what the profile says; within the budget",
        ),
    ],
)
def test_a_reason_names_what_matches(facets: Facets, expected: str) -> None:
    """The tags first, then the description, then the budget."""
    assert expected == reason(facets, BACKPACK)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("hiking", "hikers", True),
        ("tea", "tea lover", True),
        ("gaming", "games", True),
        ("tea", "team", False),
        ("art", "party", False),
        ("", "tea", False),
    ],
)
def test_words_are_compared_without_their_endings(one: str, other: str, same: bool) -> None:
    """Either may say more than the other."""
    assert same is is_same(one, other)


def test_what_is_disliked_is_known_by_tag_and_text() -> None:
    """A dislike of trekking poles is none of trekking backpacks."""
    assert is_disliked(Facets(dislikes=("hike",)), BACKPACK)
    assert is_disliked(Facets(dislikes=("backpacks",)), BACKPACK)
    assert not is_disliked(Facets(dislikes=("trekking poles",)), BACKPACK)
    assert not is_disliked(Facets(), BACKPACK)
