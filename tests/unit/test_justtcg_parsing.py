"""What the price service's JSON becomes."""

import json
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mainspring.domain.cards import Card, CardSet, Variant
from mainspring.domain.cards.quota import Usage
from mainspring.gateways.justtcg.fields import MOST_CENTS, cents
from mainspring.gateways.justtcg.parsing import Skipped, parse_cards, parse_sets, parse_usage

VARIANT: dict[str, Any] = {
    "id": "karn_near-mint_foil",
    "uuid": "v-1",
    "condition": "Near Mint",
    "printing": "Foil",
    "language": "English",
    "tcgplayerSkuId": "4001",
    "price": 12.34,
    "lastUpdated": 1_760_000_000,
    "priceChange7d": -1.5,
    "priceHistory": [{"p": 12.34, "t": 1_760_000_000}],
    "avgPrice30d": None,
    "minPriceAllTimeDate": "2024-01-01",
}
CARD: dict[str, Any] = {
    "id": "karn",
    "uuid": "c-1",
    "name": "Karn",
    "game": "Magic: The Gathering",
    "set": "dominaria",
    "set_name": "Dominaria",
    "number": "1",
    "rarity": "Mythic Rare",
    "tcgplayerId": "100",
    "details": "Planeswalker",
    "variants": [VARIANT],
}


def cards_of(*entries: object) -> tuple[tuple[Card, ...], Skipped]:
    skipped = Skipped()
    return parse_cards(entries, skipped), skipped


def variant_of(**changes: object) -> Variant | None:
    (card,), _ = cards_of(CARD | {"variants": [VARIANT | changes]})
    return card.variants[0] if card.variants else None


def test_every_field_of_a_card_has_its_place() -> None:
    """A documented card becomes a record; figures keep the vendor's names, without histories and nulls."""
    variant = Variant(
        uuid="v-1",
        id="karn_near-mint_foil",
        condition="Near Mint",
        printing="Foil",
        language="English",
        tcgplayer_sku_id="4001",
        price_cents=1234,
        priced_at=datetime.fromtimestamp(1_760_000_000, UTC),
        statistics={"priceChange7d": -1.5, "minPriceAllTimeDate": "2024-01-01"},
    )
    expected = Card(
        uuid="c-1",
        id="karn",
        name="Karn",
        game_name="Magic: The Gathering",
        set_id="dominaria",
        set_name="Dominaria",
        number="1",
        rarity="Mythic Rare",
        tcgplayer_id="100",
        mtgjson_id=None,
        scryfall_id=None,
        details="Planeswalker",
        variants=(variant,),
    )

    assert ((expected,), Skipped()) == cards_of(CARD)


def test_a_variant_without_its_optional_fields_is_still_a_variant() -> None:
    """Only ids, condition and printing are needed; a price that nobody offers is None."""
    bare = {name: VARIANT[name] for name in ("id", "uuid", "condition", "printing")}
    (card,), skipped = cards_of(CARD | {"variants": [bare]})

    expected = Variant("v-1", "karn_near-mint_foil", "Near Mint", "Foil", None, None, None, None, {})
    assert (expected,) == card.variants
    assert 0 == skipped.count


@pytest.mark.parametrize("variants", [None, []])
def test_a_card_with_nothing_for_sale_is_still_a_card(variants: object) -> None:
    """A card may have no variants."""
    (card,), skipped = cards_of(CARD | {"variants": variants})

    assert () == card.variants
    assert 0 == skipped.count


@pytest.mark.parametrize("price", ["on request", -1, True, [], {}, float("inf"), float("nan"), 1e12])
def test_a_variant_with_an_impossible_price_is_skipped_alone(price: object) -> None:
    """One malformed variant is counted and remembered by its ids; its neighbours are read."""
    good = VARIANT | {"id": "other", "uuid": "v-2"}
    (card,), skipped = cards_of(CARD | {"variants": [VARIANT | {"price": price}, good]})

    assert ["v-2"] == [variant.uuid for variant in card.variants]
    assert Skipped(1, {"v-1", "karn_near-mint_foil"}) == skipped


@pytest.mark.parametrize(
    "malformed",
    [None, 7, "card", [], CARD | {"uuid": None}, CARD | {"variants": 5}, {"uuid": "c-2"}],
)
def test_a_malformed_card_does_not_sink_its_page(malformed: object) -> None:
    """A card that cannot be read is counted; the others on the page are read."""
    cards, skipped = cards_of(malformed, CARD | {"uuid": "c-9"})

    assert ["c-9"] == [card.uuid for card in cards]
    assert 1 == skipped.count


@pytest.mark.parametrize("moment", ["yesterday", 10**20, float("nan"), True, []])
def test_a_wrong_date_does_not_lose_the_price_beside_it(moment: object) -> None:
    """A time that is none is None."""
    variant = variant_of(lastUpdated=moment)

    assert variant is not None
    assert (1234, None) == (variant.price_cents, variant.priced_at)


def test_what_came_twice_is_there_once_at_its_latest_price() -> None:
    """Cards and variants are unique by uuid, whichever way they were repeated."""
    later = VARIANT | {"price": 99, "lastUpdated": 1_760_000_001}
    (card,), skipped = cards_of(CARD | {"variants": [later, VARIANT]}, CARD)

    assert [9900] == [variant.price_cents for variant in card.variants]
    assert 0 == skipped.count


def test_a_set_is_read_with_its_worth_in_cents() -> None:
    """A set's optional fields may be absent; a wrong release date is None."""
    raw = {"id": "dom", "name": "Dominaria", "game_id": "mtg", "count": 280}
    full = raw | {"game": "Magic", "release_date": "2018-04-27T00:00:00Z", "set_value_usd": 1234.565}
    skipped = Skipped()

    expected = (
        CardSet("dom", "Dominaria", "mtg", "Magic", 280, release_date=date(2018, 4, 27), value_cents=123457),
    )
    assert expected == parse_sets([full], skipped)
    assert (CardSet("dom", "Dominaria", "mtg", "mtg", 280),) == parse_sets([raw, {"id": 1}], skipped)
    assert 1 == skipped.count


def test_usage_is_known_only_when_all_of_it_is_told() -> None:
    """Limits and counters come from `_metadata`; a part of it says nothing."""
    metadata = {
        "apiPlan": "Starter",
        "apiRateLimit": 50,
        "apiDailyLimit": 1000,
        "apiRequestLimit": 10000,
        "apiDailyRequestsUsed": 3,
        "apiRequestsUsed": 40,
    }

    assert Usage("Starter", 50, 1000, 10000, 3, 40) == parse_usage({"_metadata": metadata})
    assert None is parse_usage({"_metadata": {"apiPlan": "Starter"}})
    assert None is parse_usage({"_metadata": None})
    assert None is parse_usage({})


@pytest.mark.parametrize(
    ("dollars", "expected"),
    [
        (None, None),
        (0, 0),
        (0.1 + 0.2, 30),
        (1.005, 101),
        (2.675, 268),
        (0.285, 29),
        (1.115, 112),
        (8.325, 833),
        (0.004, 0),
        (4999.99, 499999),
        ("12.34", 1234),
        (1e-7, 0),
    ],
)
def test_half_a_cent_is_rounded_up(dollars: float | str | None, expected: int | None) -> None:
    """A price is rounded as the decimal on the wire, not as the binary fraction that is closest to it."""
    assert expected == cents(dollars)


@given(st.integers(0, MOST_CENTS))
def test_whole_cents_survive_the_wire(amount: int) -> None:
    """Any price in whole cents that is written as dollars is read back as the same cents."""
    assert amount == cents(json.loads(json.dumps(amount / 100)))


@given(st.decimals(0, 20_000_000, places=4))
def test_finer_prices_are_rounded_as_decimals(dollars: Decimal) -> None:
    """Ten-thousandths of a dollar, sent as a JSON number, round half up."""
    expected = int((dollars * 100).to_integral_value(ROUND_HALF_UP))

    assert expected == cents(json.loads(str(dollars)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(sorted(CARD)), inner),
    max_leaves=8,
)


@given(st.lists(JSON, max_size=3), st.dictionaries(st.sampled_from(sorted(VARIANT)), JSON))
def test_no_nonsense_sinks_a_page(entries: list[object], changes: dict[str, object]) -> None:
    """Whatever stands beside a good card, the good card is read."""
    nonsense = CARD | {"uuid": "c-2", "variants": [VARIANT | changes]}
    cards, _ = cards_of(*entries, nonsense, CARD)

    assert "c-1" in {card.uuid for card in cards}
