"""Every command that prints an answer prints it as JSON, too."""

from collections.abc import Iterator
from typing import Any

import pytest
import typer

from mainspring.cli.app import app
from tests.acceptance.command_line import CommandLine

# These run until they are stopped, and tell a person meanwhile how it goes.
RUNNING = {"up", "worker", "demo", "api"}


def commands(command: Any, *path: str) -> Iterator[tuple[str, Any]]:
    """Give each command that is no group, with its name."""
    below = getattr(command, "commands", None)
    if below is None:
        yield " ".join(path), command
    for name, each in (below or {}).items():
        yield from commands(each, *path, name)


def all_commands() -> dict[str, Any]:
    """Return every command by its name."""
    root: Any = typer.main.get_command(app)
    for name in root.list_commands(None):
        root.load(name)
    return dict(commands(root))


ANSWERING = {name: each for name, each in all_commands().items() if name not in RUNNING}


@pytest.mark.parametrize("name", ANSWERING)
def test_every_answer_is_there_as_json(name: str) -> None:
    """For scripts: a sentence changes with the next release, a field does not."""
    options = {option for parameter in ANSWERING[name].params for option in parameter.opts}

    assert "--json" in options


def test_what_changes_something_says_so_as_json(command_line: CommandLine, tmp_path: Any) -> None:
    """One object, and nothing else on the standard output."""
    account = command_line.json("cards", "add-account", "Shop")
    told = command_line.json("cards", "set-plan", "Shop", "Starter")
    products = tmp_path / "products.csv"
    products.write_text(
        "id,name,url,currency,price_cents,stock\na,A,https://shop.example/a,USD,100,1\nb,,,,,\n"
    )
    loaded = command_line.run("wishlists", "import-products", str(products), "--json")
    listed = command_line.json("cards", "accounts")

    assert "Shop" == account["name"]
    assert {"account": "Shop", "plan": "Starter", "tasks_told": 0} == told
    assert 2 == loaded.code
    assert '"bad": 1' in loaded.out
    assert [account["id"]] == [each["id"] for each in listed]
    assert {"workers": 0, "oldest": []} == {
        name: value for name, value in command_line.json("status").items() if name in {"workers", "oldest"}
    }
