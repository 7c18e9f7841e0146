"""A command that is forked from the loaded program is what a launched one is."""

import os
import subprocess

import pytest

from tests.acceptance.command_line import CommandLine, loaded


@pytest.mark.parametrize(
    "arguments", [("jobs", "--json"), ("run", "no-such-job"), ("tasks", "list", "--stat"), ("--help",)]
)
def test_a_forked_command_says_and_ends_as_a_launched_one(
    command_line: CommandLine, arguments: tuple[str, ...]
) -> None:
    """To both streams, and with its exit code."""
    launched = command_line.launch(*arguments)

    assert launched == command_line.run(*arguments)
    assert launched.out + launched.err


def test_it_has_its_own_environment_folder_and_input(command_line: CommandLine) -> None:
    """What one command is given is not there for the next."""
    mistyped = command_line.setting(MAINSPRING_LOG_LEVEL="loud").run("tasks", "list")
    added = command_line.run("cards", "add-account", "Shop", "--api-key-stdin", given="a-key\n")
    (command_line.state_dir.parent / ".env").write_text("MAINSPRING_LOG_LEVEL=quiet\n")
    from_folder = command_line.run("tasks", "list")

    assert [2, 0, 2] == [each.code for each in (mistyped, added, from_folder)], added
    assert "MAINSPRING_LOG_LEVEL=quiet" in from_folder.err


def test_one_that_does_not_end_is_killed(command_line: CommandLine) -> None:
    """A test fails then, and nothing is left of the command."""
    nobody_writes = command_line.state_dir.parent / "input.json"
    os.mkfifo(nobody_writes)
    order = (["run", "discover-sets", "--input", f"@{nobody_writes}"], command_line.environment)
    with pytest.raises(subprocess.TimeoutExpired):
        loaded().run(*order, command_line.state_dir.parent, given="", patience=0.2)
