"""`mainspring gifting occasions`, as a user has it; no Temporal can be reached."""

import base64
from pathlib import Path

import pytest

from mainspring.storage.database import Database
from tests.acceptance.command_line import CommandLine

EXAMPLES = Path(__file__).parents[2] / "examples" / "shop"


@pytest.fixture
def mainspring(command_line: CommandLine, sqlite_database: Database) -> CommandLine:
    """Give the command line on the test's database, with the users of the examples."""
    mainspring = command_line.setting(
        MAINSPRING_DATABASE_URL=str(sqlite_database.url),
        MAINSPRING_ENCRYPTION_KEY=base64.b64encode(b"k" * 32).decode(),
        TEMPORAL_ADDRESS="127.0.0.1:1",
    )
    mainspring.succeed("wishlists", "import-users", str(EXAMPLES / "users.json"))
    return mainspring


def test_occasions_are_added_moved_shown_and_removed(mainspring: CommandLine) -> None:
    """All is stored while Temporal is away; the reminders follow the occasion."""
    occasions = ("gifting", "occasions")
    what = ("--user", "anna", "--title", "Birthday", "--date", "2090-05-03", "--offsets", "3 1")
    added = mainspring.json(*occasions, "add", "b", *what)
    assert ["2090-04-30T07:00:00Z", "2090-05-02T07:00:00Z"] == [
        each["remind_at"] for each in added["reminders"]
    ]
    moved = mainspring.json(*occasions, "move", "b", "2090-12-03")
    assert ["2090-11-30T08:00:00Z", "2090-12-02T08:00:00Z"] == [
        each["remind_at"] for each in moved["reminders"]
    ]
    assert "Europe/Vienna" in mainspring.succeed(*occasions, "show", "b")
    assert ["b"] == [each["id"] for each in mainspring.json(*occasions, "list", "--user", "anna")]
    mainspring.succeed(*occasions, "remove", "b")
    assert [] == mainspring.json(*occasions, "list")


def test_what_is_not_accepted_is_named(mainspring: CommandLine) -> None:
    """The field, the value and what is accepted."""
    what = ("gifting", "occasions", "add", "b", "--title", "Birthday")
    done = mainspring.run(*what, "--user", "anna", "--date", "03.05.2090")
    assert 2 == done.code
    assert 'date: "03.05.2090" is not accepted: a date such as 2026-12-24' in done.err
    done = mainspring.run(*what, "--user", "cy", "--date", "2090-05-03")
    assert (2, True) == (done.code, "'cy' is not accepted: a user that was imported" in done.err)


def test_the_example_loads(mainspring: CommandLine) -> None:
    """The file that docs/gifting.md names is accepted, and a second time changes nothing."""
    load = ("gifting", "occasions", "import", str(EXAMPLES / "occasions.csv"))
    assert "3 loaded, 0 bad" == mainspring.succeed(*load)
    before = mainspring.json("gifting", "occasions", "show", "anna-bo-birthday")
    assert "3 loaded, 0 bad" == mainspring.succeed(*load)
    assert before == mainspring.json("gifting", "occasions", "show", "anna-bo-birthday")
