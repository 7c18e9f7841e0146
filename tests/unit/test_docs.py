"""Documents say what is there: links, headings, files, commands, options, targets and settings."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import typer

from mainspring.api.reference import reference as routes_reference
from mainspring.cli.app import app
from mainspring.cli.job_reference import reference
from mainspring.config.settings import Settings

PROJECT = Path(__file__).parents[2]
PAGES = [
    *sorted(PROJECT.glob("*.md")),
    *sorted((PROJECT / "docs").rglob("*.md")),
    *sorted((PROJECT / "examples").rglob("*.md")),
]
COMMANDS: Any = typer.main.get_command(app)
for _name in COMMANDS.list_commands(None):
    COMMANDS.load(_name)

each_page = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(PROJECT)))


def inline_code(page: Path) -> list[str]:
    """Return what stands between backticks within sentences and tables."""
    sentences = re.sub(r"^ *```.*?^ *```", "", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return re.findall(r"`([^`]+)`", sentences)


def shell_lines(page: Path) -> list[str]:
    """Return what a page has for a terminal: the lines of blocks without a language."""
    blocks = re.findall(r"^```\n(.*?)^```", page.read_text(), flags=re.DOTALL | re.MULTILINE)
    return [line.removeprefix("$ ") for block in blocks for line in block.splitlines()]


def headings(page: Path) -> set[str]:
    """Return the fragments by which the headings of a page are linked to."""
    titles = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title).lower().replace(" ", "-") for title in titles}


def commands_of(page: Path) -> Iterator[list[str]]:
    """Return the words of each command of ours, also where a sentence leaves out `mainspring`."""
    groups = {name for name, command in subcommands(COMMANDS).items() if subcommands(command)}
    for code in [*inline_code(page), *shell_lines(page)]:
        words = re.split(r"\s+", re.sub(r"'.*?'|\".*?\"|#.*", "", code, flags=re.DOTALL).strip())
        if words[0] == "mainspring" and len(words) > 1:
            yield words[1:]
        elif words[0] in groups and len(words) > 1:
            yield words


def subcommands(command: Any) -> dict[str, Any]:
    """Return the commands of a group, none of any other command."""
    return dict(getattr(command, "commands", {}))


def unknown_words(words: list[str]) -> list[str]:
    """Return the commands and options among these words that the command line does not have."""
    command = COMMANDS
    for index, word in enumerate(words):
        if not subcommands(command) or word.startswith("-") or not word.isascii():
            options = {
                name for parameter in command.params for name in parameter.opts + parameter.secondary_opts
            }
            named = {each for each in words[index:] if re.fullmatch(r"--[a-z][a-z-]*", each)}
            return sorted(named - options - {"--help"})
        if word not in subcommands(command):
            return [word]
        command = subcommands(command)[word]
    return []


def test_the_job_reference_is_what_the_catalogue_says() -> None:
    """docs/jobs.md is current: `make docs` writes it."""
    assert "\n".join(reference()) == (PROJECT / "docs" / "jobs.md").read_text()


def test_the_routes_of_the_api_are_what_the_code_says() -> None:
    """docs/api-routes.md is current: `make docs` writes it."""
    assert "\n".join(routes_reference()) + "\n" == (PROJECT / "docs" / "api-routes.md").read_text()


@each_page
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    """A link inside the project names a file that is there, and a heading of it."""
    links = re.findall(r"\]\(([^):#]*)(?:#([^)]+))?\)", page.read_text())
    assert [] == [
        (path, fragment)
        for path, fragment in links
        if not (target := page.parent / path if path else page).exists()
        or (fragment and fragment not in headings(target))
    ]


@each_page
def test_every_file_that_a_page_names_exists(page: Path) -> None:
    """A path that begins at the top of the project leads to a file or a folder."""
    rooms = {path.name for path in (PROJECT / "mainspring").iterdir() if path.is_dir()} | {
        "docs",
        "examples",
        "tests",
    }
    named = [code for code in inline_code(page) if re.fullmatch(r"[\w.*/-]+", code)]
    assert [] == [path for path in named if path.partition("/")[0] in rooms and not [*PROJECT.glob(path)]]


@each_page
def test_every_command_that_a_page_names_exists(page: Path) -> None:
    """`mainspring …` is typed as it stands: commands and options are there."""
    assert [] == [(words, wrong) for words in commands_of(page) if (wrong := unknown_words(words))]


@each_page
def test_every_file_that_a_command_reads_is_there(page: Path) -> None:
    """A command with a file is typed at the top of the project as it stands."""
    words = [
        word for line in shell_lines(page) if "mainspring" in line for word in line.split("#")[0].split()
    ]
    files = [word for word in words if re.fullmatch(r"[\w./-]+\.(csv|json|jsonl)", word)]
    assert [] == [name for name in files if not (PROJECT / name).exists()]


def test_what_the_command_line_lacks_is_seen() -> None:
    """The test above would see a command or an option that is gone."""
    assert ["shwo"] == unknown_words(["tasks", "shwo", "ID"])
    assert ["--statte"] == unknown_words(["tasks", "list", "--statte", "FAILED", "--json"])


@each_page
def test_every_target_and_module_that_a_page_names_exists(page: Path) -> None:
    """`make …` and `python -m …` are typed as they stand, too."""
    code = "\n".join([*inline_code(page), *shell_lines(page)])
    targets = set(re.findall(r"^([a-z]+):", (PROJECT / "Makefile").read_text(), flags=re.MULTILINE))
    assert set() == set(re.findall(r"^make ([a-z]+)", code, flags=re.MULTILINE)) - targets
    assert [] == [name for name in re.findall(r"python -m ([\w.]+)", code) if find_spec(name) is None]


@each_page
def test_every_setting_that_a_page_names_exists(page: Path) -> None:
    """Nobody sets a variable that is not read."""
    named = set(re.findall(r"MAINSPRING_[A-Z_]+[A-Z]", page.read_text()))
    assert set() == named - set(Settings.variables())
