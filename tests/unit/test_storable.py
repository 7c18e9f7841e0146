"""What is written to the database as JSON is JSON that PostgreSQL takes."""

import json
import math

import pytest

from mainspring.storage.storable import storable_json


@pytest.mark.parametrize(
    ("number", "text"), [(math.nan, "nan"), (math.inf, "inf"), (-math.inf, "-inf")], ids=str
)
def test_a_number_that_json_does_not_have_is_kept_as_text(number: float, text: str) -> None:
    """PostgreSQL refuses the row; at any depth, beside characters that it refuses too."""
    stored = storable_json({"deep": [{"number": number, "text": "a\0b", "half": 0.5}]})

    assert {"deep": [{"number": text, "text": "a\N{REPLACEMENT CHARACTER}b", "half": 0.5}]} == json.loads(
        stored
    )
