"""A command in a directory of nobody's makes nothing there, and says what is missing."""

import pytest

from tests.acceptance.command_line import CommandLine

LOOKS = [
    ("tasks", "list"),
    ("tasks", "show", "1234abcd"),
    ("run", "discover-sets", "--no-wait"),
    ("cards", "accounts"),
    ("effects", "list"),
    ("failures", "list"),
    ("webhooks", "list"),
    ("wishlists", "show"),
    ("status",),
]


@pytest.mark.parametrize("arguments", LOOKS, ids=" ".join)
def test_a_wrong_directory_is_said_to_be_one(
    bare_command_line: CommandLine, arguments: tuple[str, ...]
) -> None:
    """An empty list would look like an installation without tasks."""
    done = bare_command_line.run(*arguments)

    assert (2, "") == (done.code, done.out)
    assert f"error: there is no database at {bare_command_line.state_dir}" in done.err
    assert not bare_command_line.state_dir.exists()


@pytest.mark.parametrize("arguments", [("doctor",), ("schedules", "list"), ("jobs",)], ids=" ".join)
def test_what_needs_no_database_makes_none(
    bare_command_line: CommandLine, arguments: tuple[str, ...]
) -> None:
    """Neither a key nor a directory."""
    bare_command_line.setting(TEMPORAL_ADDRESS="127.0.0.1:9").run(*arguments)

    assert not bare_command_line.state_dir.exists()


def test_a_client_of_a_database_elsewhere_makes_no_key_of_its_own(
    command_line: CommandLine, bare_command_line: CommandLine
) -> None:
    """What it sealed with that key no worker could open."""
    url = f"sqlite+aiosqlite:///{command_line.state_dir / 'mainspring.db'}"
    elsewhere = bare_command_line.setting(
        MAINSPRING_DATABASE_URL=url, MAINSPRING_STATE_DIR=str(command_line.state_dir.parent / "elsewhere")
    )
    done = elsewhere.run("cards", "accounts")

    assert 2 == done.code
    assert "MAINSPRING_ENCRYPTION_KEY: it has to be that of the worker" in done.err
    assert not (command_line.state_dir.parent / "elsewhere").exists()
    assert "" == elsewhere.run("tasks", "list").err
