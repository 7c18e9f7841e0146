"""What a vendor sends beyond what a column holds: one bad entry never sinks its page."""

import json
from typing import Any

import pytest

from mainspring.gateways.justtcg.fields import whole
from mainspring.gateways.justtcg.parsing import Skipped, parse_cards, parse_games, parse_usage

GOOD = {"id": "chess", "name": "Chess", "cards_count": 5}
VARIANT = {"uuid": "v", "id": "v", "condition": "NM", "printing": "Normal"}
CARD = {"uuid": "c", "id": "c", "name": "Rook", "set": "s", "variants": [VARIANT]}


@pytest.mark.parametrize(
    "entry",
    [
        '{"cards_count": 1e400}',
        '{"cards_count": 2147483648}',
        '{"cards_count": %s}' % ("9" * 5000),
        json.dumps({"id": "x" * 201}),
        json.dumps({"name": "x" * 100001}),
    ],
)
def test_a_game_that_no_column_holds_is_skipped_alone(entry: str) -> None:
    """The others of the page are good."""
    bad = {**GOOD, **json.loads(entry, parse_int=whole)}
    skipped = Skipped()
    assert ["chess"] == [game.id for game in parse_games([bad, GOOD], skipped)]
    assert 1 == skipped.count


@pytest.mark.parametrize(
    "wrong",
    [{"uuid": "x" * 101}, {"printing": "x" * 101}, {"language": "x" * 51}, {"tcgplayerSkuId": "9" * 101}],
)
def test_a_variant_that_no_column_holds_is_skipped_alone(wrong: dict[str, Any]) -> None:
    """Its card and the variants beside it stay; a number without end is no statistic."""
    good = {**VARIANT, "spread": float("inf"), "average": 1.5}
    (card,) = parse_cards([{**CARD, "variants": [{**VARIANT, **wrong}, good]}], Skipped())
    assert [{"average": 1.5}] == [variant.statistics for variant in card.variants]


@pytest.mark.parametrize("used", ["1e400", "9" * 30, "9" * 5000, "null", '""'])
def test_a_count_of_requests_that_cannot_be_is_not_believed(used: str) -> None:
    """A key that had used so much would wait for its month to end."""
    told = dict.fromkeys(
        ("apiRateLimit", "apiDailyLimit", "apiRequestLimit", "apiDailyRequestsUsed", "apiRequestsUsed"), "8"
    )
    metadata = {"apiPlan": "Starter", **told, "apiRequestsUsed": json.loads(used, parse_int=whole)}

    assert parse_usage({"_metadata": metadata}) is None
    assert parse_usage({"_metadata": {**metadata, "apiRequestsUsed": 8}}) is not None
