"""The text of a product: what changes it, and what does not."""

import pytest

from mainspring.domain.gifting.texts import ProductText, canonical_text, text_hash

BACKPACK = ProductText(
    "Trekking backpack",
    descriptions=("A light backpack.", "For tours of several days."),
    tags=("Outdoor", "hiking"),
    brand="Northpeak",
)


def test_a_text_has_a_line_for_each_thing_that_is_told() -> None:
    """Empty ones have none."""
    lines = canonical_text(BACKPACK).splitlines()

    assert ["Trekking backpack", "A light backpack.", "For tours of several days."] == lines[:3]
    assert ["Tags: hiking, outdoor", "Brand: Northpeak"] == lines[3:]
    assert "Mug" == canonical_text(ProductText("Mug", descriptions=("", " \n"), tags=("", " "), brand=" "))


@pytest.mark.parametrize(
    "same",
    [
        ProductText("Trekking  backpack ", BACKPACK.descriptions, ("hiking", "outdoor "), "Northpeak"),
        ProductText(
            "Trekking backpack",
            ("A light\nbackpack.", *BACKPACK.descriptions[1:]),
            BACKPACK.tags,
            "Northpeak",
        ),
        ProductText("Trekking backpack", BACKPACK.descriptions, ("Hiking", "outdoor", "HIKING"), "Northpeak"),
        ProductText(
            "Trekking backpack", BACKPACK.descriptions, BACKPACK.tags, "Northpeak", added_tags=("Hiking",)
        ),
    ],
    ids=["white space", "line breaks", "order of tags", "a tag twice"],
)
def test_what_means_the_same_is_the_same_text(same: ProductText) -> None:
    """So that it is not paid for twice."""
    assert text_hash(canonical_text(BACKPACK)) == text_hash(canonical_text(same))


@pytest.mark.parametrize(
    "other",
    [
        ProductText("Trekking backpack 2", BACKPACK.descriptions, BACKPACK.tags, "Northpeak"),
        ProductText("Trekking backpack", ("A heavy backpack.",), BACKPACK.tags, "Northpeak"),
        ProductText("Trekking backpack", BACKPACK.descriptions, ("outdoor",), "Northpeak"),
        ProductText("Trekking backpack", BACKPACK.descriptions, BACKPACK.tags, "Southpeak"),
        ProductText("Trekking backpack", BACKPACK.descriptions, BACKPACK.tags, "Northpeak", "For her."),
        ProductText(
            "Trekking backpack", BACKPACK.descriptions, BACKPACK.tags, "Northpeak", added_tags=("dad",)
        ),
    ],
    ids=["title", "description", "tags", "brand", "added description", "added tags"],
)
def test_what_is_told_otherwise_is_another_text(other: ProductText) -> None:
    """So that it is enriched and embedded again."""
    assert text_hash(canonical_text(BACKPACK)) != text_hash(canonical_text(other))


def test_letters_that_cannot_be_encoded_have_a_hash() -> None:
    """Half of a surrogate pair, as JSON may hold it."""
    assert 64 == len(text_hash(canonical_text(ProductText("a\ud800"))))
