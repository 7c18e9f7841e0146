"""What is said of an input that is not accepted."""

import json

import pytest

from mainspring.client.errors import BadInput
from mainspring.client.validation import validated
from mainspring.contracts.tasks import JsonObject
from mainspring.workflows.runtime.catalogue import job_named

PRICES, FLOW, VIDEO = "update-inventory-prices", "run-flow", "process-video"
ACCOUNT = "00000000-0000-0000-0000-000000000000"


def problems(job: str, fields: JsonObject, **options: str) -> list[str]:
    """Return the lines of the refusal."""
    with pytest.raises(BadInput) as caught:
        validated(job_named(job), fields, options=options)
    return str(caught.value).splitlines()


def test_a_fault_within_a_list_is_said_once() -> None:
    """The list is not too short because an item of it was refused."""
    assert ["input.steps.0.job: Field required"] == problems(FLOW, {"steps": [{"name": "a"}]})


def test_an_empty_list_says_how_many_items_it_needs() -> None:
    """In words, not in Python's types."""
    assert ["input.steps: [] is not accepted: at least 1 item"] == problems(FLOW, {"steps": []})


def test_an_unknown_field_names_the_nearest_one_and_all() -> None:
    """Also within a list: the fields of the message that has no such field."""
    (line,) = problems(PRICES, {"account_id": ACCOUNT, "older_then": 3})
    said = "there is no such field; did you mean older_than? (fields: account_id, older_than)"
    assert f"input.older_then: 3 is not accepted: {said}" == line
    (nested,) = problems(FLOW, {"steps": [{"name": "a", "job": PRICES, "need": ["b"]}]})
    assert 'input.steps.0.need: ["b"] is not accepted: there is no such field; did you mean ' in nested


def test_a_field_that_an_option_gives_names_it() -> None:
    """Whoever types knows the account's name, not its id."""
    assert ["input.account_id: Field required; --account NAME"] == problems(
        PRICES, {}, account_id="--account NAME"
    )


@pytest.mark.parametrize("given", ["1w", None, True, {}])
def test_a_duration_says_how_it_is_written(given: object) -> None:
    """And shows the value as it was given: JSON, not Python."""
    (line,) = problems(PRICES, {"account_id": ACCOUNT, "older_than": given})
    accepted = "a duration such as 7d or PT12H, or a number of seconds"
    assert f"input.older_than: {json.dumps(given)} is not accepted: {accepted}" == line


@pytest.mark.parametrize("given", ["7d", "PT12H", 604_800])
def test_the_durations_that_are_named_are_accepted(given: object) -> None:
    """What the message says works."""
    validated(job_named(PRICES), {"account_id": ACCOUNT, "older_than": given})


def test_a_value_is_shown_as_it_was_given() -> None:
    """Not as what was read of it, and not at full length."""
    assert ["input.older_than: -5 is not accepted: Input should be greater than or equal to 0 seconds"] == (
        problems(PRICES, {"account_id": ACCOUNT, "older_than": -5})
    )
    (line,) = problems(PRICES, {"account_id": "x" * 10_000})
    assert len(line) < 200


def test_no_message_holds_a_regular_expression() -> None:
    """What is accepted is said as people would write it."""
    source, destination = problems(VIDEO, {"source": "x", "destination": "/a"})
    assert source.endswith('"x" is not accepted: http://… or https://…, s3://BUCKET/KEY or file:///PATH')
    assert "names of letters, digits and ._- with / between them, such as products/42" in destination
