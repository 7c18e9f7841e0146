"""`mainspring run` and `mainspring jobs`: starting jobs, following them, and being told what is wrong."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from uuid import UUID

import pytest

from tests.acceptance.command_line import CommandLine
from tests.acceptance.running_service import RunningService

PRICES = "update-inventory-prices"


@pytest.fixture(scope="module")
def shop(running: RunningService) -> str:
    """Add an account with 40 variants, and return its id; its name is "Shop"."""
    return str(running.add_account("Shop", plan="Starter"))


def test_a_success_exits_with_0_and_shows_the_result(running: RunningService, shop: str) -> None:
    """The result is a table for people, with the account found by its name."""
    done = running.command_line.run("run", PRICES, "--account", "Shop")
    task = running.newest(PRICES)
    assert (0, "") == (done.code, done.err)
    assert f"{PRICES} SUCCESS  task {task.id}" in done.out
    assert ["updated", "40"] in [line.split() for line in done.out.splitlines()]
    assert (shop, "command line") == (task.fairness_key, task.triggered_by)


def test_json_alone_is_on_standard_output(running: RunningService, shop: str, tmp_path: Path) -> None:
    """Another program reads the output as it is; the input comes from a file, the account by its id."""
    given = tmp_path / "input.json"
    given.write_text('{"older_than": "PT0S"}', encoding="utf-8")
    done = running.command_line.run("run", PRICES, "--input", f"@{given}", "--account", shop, "--json")
    task = json.loads(done.out)
    assert (0, "") == (done.code, done.err)
    assert ("SUCCESS", 40, {"account_id": shop, "older_than": "PT0S"}) == (
        task["state"],
        task["result"]["updated"],
        task["input"],
    )


def test_an_invalid_key_fails_at_once_and_says_so(running: RunningService) -> None:
    """No amount of retries makes a key valid: one attempt, exit code 1, and the reason."""
    running.add_account("Mistyped", known=False)
    done = running.command_line.run("run", PRICES, "--account", "Mistyped")
    assert 1 == done.code
    assert f"{PRICES} FAILED" in done.out
    assert "CredentialsRefused in cards.update_prices_stretch, attempt 1:" in done.out
    assert "the API key is invalid" in done.out
    as_json = running.command_line.run("run", PRICES, "--account", "Mistyped", "--json")
    assert (1, "FAILED") == (as_json.code, json.loads(as_json.out)["state"])


def test_a_second_start_says_that_it_is_active(running: RunningService) -> None:
    """The same job for the same account is one task; without waiting, its id is all that is printed."""
    running.add_account("Patient", day=1)
    command = ("run", PRICES, "--account", "Patient", "--no-wait")
    task_id = running.command_line.succeed(*command)
    assert str(UUID(task_id)) == task_id
    again = running.command_line.run(*command, "--input", '{"older_than": 0}', "--in", "1h")
    assert (0, task_id) == (again.code, again.out.strip())
    assert f"{PRICES} is active already for account Patient: task {task_id}, " in again.err
    assert '{"older_than": "PT0S"} was not taken; --in was not taken' in again.err
    same = running.command_line.run(*command, "--json")
    assert (task_id, True) == (json.loads(same.out)["id"], "with the same input" in same.err)


@pytest.mark.parametrize(
    ("arguments", "complaints"),
    [
        (
            ("update-inventory-price",),
            ("no job is called 'update-inventory-price'", f"did you mean '{PRICES}'?", "sync-tracked-sets"),
        ),
        (("relay-tasks",), ("'relay-tasks' is housekeeping", "mainspring schedules trigger relay-tasks")),
        ((PRICES, "--input", "{account"), ("--input: '{account' is not JSON, nor @ and the name of",)),
        ((PRICES, "--input", "@nowhere.json"), ("--input: '@nowhere.json' is not JSON", "No such file")),
        ((PRICES, "--input", "[1]"), ("--input: '[1]' is not accepted: a JSON object",)),
        (
            (PRICES, "--input", '{"account_id": "shop", "older_than": "a day", "day": 1}'),
            (
                'input.account_id: "shop" is not accepted: an id (a UUID); --account NAME gives it',
                'input.older_than: "a day" is not accepted: a duration such as 7d or PT12H',
                "input.day: 1 is not accepted: there is no such field (fields: account_id, older_than)",
            ),
        ),
        ((PRICES,), ("input.account_id: Field required; --account NAME gives it",)),
        ((PRICES, "--priority", "9"), ("--priority: 9 is not accepted: 1 (first) to 5",)),
        (
            (PRICES, "--account", "Shop", "--at", "2020-01-01T08:00"),
            ("--at: '2020-01-01T08:00' is not accepted: 2020-01-01 08:00 is past",),
        ),
        ((PRICES, "--account", "Nobody"), ("account 'Nobody': There is no such account",)),
        (("refresh-due-accounts", "--account", "x"), ("--account: refresh-due-accounts has no account",)),
    ],
)
def test_bad_input_exits_with_2_and_says_what_is_accepted(
    arguments: tuple[str, ...], complaints: tuple[str, ...], running: RunningService
) -> None:
    """The field, the value that was given and what would be right; nothing on standard output."""
    done = running.command_line.run("run", *arguments)
    assert (2, "") == (done.code, done.out)
    assert [] == [complaint for complaint in complaints if complaint not in done.err], done.err


def test_a_job_is_accepted_while_nothing_runs(command_line: CommandLine) -> None:
    """Temporal may be away: the task is kept, and shown with what it waits for."""
    account_id = command_line.succeed("cards", "add-account", "Early")
    task_id = command_line.succeed("run", PRICES, "--account", "Early", "--no-wait").splitlines()[-1]
    task = command_line.json("tasks", "show", task_id)
    assert ("QUEUED", None, account_id) == (task["state"], task["run_id"], task["fairness_key"])
    assert "accepted; Temporal has not taken it yet" in command_line.succeed("tasks", "list")


def test_a_wish_to_cancel_is_noted_while_temporal_is_away(command_line: CommandLine) -> None:
    """Nobody waits for the end of what cannot be told; the task says that it is cancelling."""
    command_line.succeed("cards", "add-account", "Early")
    task_id = command_line.succeed("run", PRICES, "--account", "Early", "--no-wait").splitlines()[-1]
    with closing(sqlite3.connect(command_line.state_dir / "mainspring.db")) as database, database:
        database.execute("UPDATE tasks SET state = 'RUNNING', run_id = 'known'")

    cancelled = command_line.run("tasks", "cancel", task_id)

    assert (0, f"{PRICES}: noted; Temporal does not answer, and is told when it is back\n") == (
        cancelled.code,
        cancelled.out,
    )
    assert "cancelling" in command_line.succeed("tasks", "list")


def test_the_catalogue_is_shown_with_what_each_job_takes(command_line: CommandLine) -> None:
    """For people as a table, for programs with JSON schemas; housekeeping is not in it."""
    table = command_line.succeed("jobs")
    assert "account_id: uuid, older_than: duration = P1D" in table
    catalogue = command_line.json("jobs")
    assert [
        "deliver-webhook",
        "discover-sets",
        "embed-product",
        "embed-taste-profile",
        "enrich-product",
        "generate-collections",
        "generate-daily-collections",
        "process-video",
        "refresh-due-accounts",
        "run-flow",
        "send-notifications",
        "send-reminder",
        "sync-tracked-sets",
        PRICES,
        "wishlist-sale-check",
        "wishlist-stock-check",
    ] == sorted(job["name"] for job in catalogue)
    assert all(job["name"] in table and job["summary"] in table for job in catalogue)
    assert ["account_id"] == next(job["input"]["required"] for job in catalogue if job["name"] == PRICES)
