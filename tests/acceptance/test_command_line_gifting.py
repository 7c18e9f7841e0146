"""`mainspring gifting` for taste profiles, recommendations and collections, without Temporal."""

import json

import pytest

from mainspring.cli.console import BAD_INPUT
from tests.acceptance.command_line import CommandLine


@pytest.fixture
def mainspring(command_line: CommandLine) -> CommandLine:
    """Give a command line with a database, and without Temporal."""
    alone = command_line.setting(TEMPORAL_ADDRESS="127.0.0.1:1")
    alone.succeed("db", "upgrade")
    return alone


def test_a_profile_is_completed_shown_and_removed(mainspring: CommandLine) -> None:
    """The user is told that recommendations come later; nothing is lost."""
    answers = json.dumps({"interests": ["Hiking"], "budget": {"max": 5_000}})
    done = mainspring.json("gifting", "profiles", "complete", "p1", "--user", "anna", "--answers", answers)
    assert "Profile saved. Recommendations may be delayed." == done["message"]
    assert "QUEUED" == mainspring.json("tasks", "show", done["task_id"])["state"]
    assert ["hiking"] == mainspring.json("gifting", "profiles", "show", "p1")["facets"]["interests"]
    assert ["p1"] == [each["id"] for each in mainspring.json("gifting", "profiles", "list")]
    assert "hiking" in mainspring.succeed("gifting", "profiles", "show", "p1")
    assert "anna" in mainspring.succeed("gifting", "profiles", "list", "--user", "anna")

    early = mainspring.run("gifting", "recommend", "p1")
    assert "is being processed" in early.err
    assert done["task_id"] in early.err
    mainspring.succeed("gifting", "profiles", "remove", "p1")
    assert "complete onboarding" in mainspring.run("gifting", "recommend", "p1").err


@pytest.mark.parametrize("answers", ["{", "[]", "@nowhere.json"])
def test_answers_that_are_no_object_are_refused(mainspring: CommandLine, answers: str) -> None:
    """The message says what is accepted."""
    refused = mainspring.run("gifting", "profiles", "complete", "p1", "--user", "anna", "--answers", answers)

    assert BAD_INPUT == refused.code
    assert "a JSON object" in refused.err


def test_collections_are_started_and_shown(mainspring: CommandLine) -> None:
    """With count, size and filters as options; what has no collection yet says so."""
    options = ["--count", "8", "--size", "10", "--featured", "--max-price", "5000", "--date", "2026-12-24"]
    started = mainspring.json("gifting", "collections", "generate", "home", *options)
    task = mainspring.json("tasks", "show", started["task_id"])
    assert {"surface": "home", "collections_count": 8}.items() <= task["input"].items()
    assert {"is_featured": True, "max_price_cents": 5_000}.items() <= task["input"]["filters"].items()
    assert [] == mainspring.json("gifting", "collections", "show", "home")["items"]
    assert "no collection yet" in mainspring.succeed("gifting", "collections", "show", "home")
    refused = mainspring.run("gifting", "collections", "show", "home", "--date", "tomorrow")
    assert "a date such as 2026-12-24" in refused.err
