"""What the shell completes, as bash asks for it."""

import pytest

from tests.acceptance.command_line import CommandLine


def completed(command_line: CommandLine, line: str) -> list[str]:
    """Return what a line of the shell can go on with at its end."""
    words = line.split(" ")
    asking = command_line.setting(
        _MAINSPRING_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=str(len(words) - 1)
    )
    return asking.run().out.split()


def test_commands_jobs_ids_and_accounts_are_completed(command_line: CommandLine) -> None:
    """Of the ledger that the command itself would look at."""
    command_line.succeed("cards", "add-account", "Shop")
    away = command_line.setting(TEMPORAL_ADDRESS="127.0.0.1:9")
    task = away.succeed("run", "discover-sets", "--account", "Shop", "--no-wait")

    assert ["tasks"] == completed(command_line, "mainspring ta")
    assert ["list", "show", "watch", "cancel", "retry"] == completed(command_line, "mainspring tasks ")
    assert ["discover-sets"] == completed(command_line, "mainspring run disc")
    assert [task[:8]] == completed(command_line, "mainspring tasks show ")
    assert ["Shop"] == completed(command_line, "mainspring cards set-plan S")
    assert ["reconcile-tasks"] == completed(command_line, "mainspring schedules trigger rec")


@pytest.mark.parametrize("line", ["mainspring tasks show ", "mainspring cards set-plan "])
def test_where_nothing_is_nothing_is_completed_or_made(bare_command_line: CommandLine, line: str) -> None:
    """A message would stand in the line that is typed."""
    assert [] == completed(bare_command_line, line)
    assert not bare_command_line.state_dir.exists()


def test_the_fields_of_an_input_are_options(command_line: CommandLine) -> None:
    """Each that is no list or object; a mistyped option is refused with what is most like it."""
    away = command_line.setting(TEMPORAL_ADDRESS="127.0.0.1:9")
    away.succeed("cards", "add-account", "Shop")
    task = away.json(
        "run", "discover-sets", "--account", "Shop", "--older-than", "P2D", "--no-wait", "--priority", "2"
    )
    assert ("P2D", 2) == (task["input"]["older_than"], task["priority"])
    other = away.json("run", "wishlist-stock-check", "--min-stock=3", "--no-wait")
    assert 3 == other["input"]["min_stock"]

    for words, said in (
        (("--oldr-than", "P2D"), "--oldr-than: there is no such option; did you mean --older-than?"),
        (("--older-than",), "--older-than: a value is missing"),
        (("--older-than", "soon"), "input.older_than"),
        (("--prioritty", "2"), "did you mean --priority?"),
        (("P2D",), "'P2D' is not accepted"),
    ):
        refused = away.run("run", "discover-sets", "--account", "Shop", "--no-wait", *words)
        assert (2, True) == (refused.code, said in refused.err), refused
    listed = away.run("run", "process-video", "--profiles", "hls")
    assert (2, True) == (listed.code, "a list or an object is given by --input" in listed.err)
