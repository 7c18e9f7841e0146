"""What commands load: a command that needs neither Temporal nor jobs loads neither."""

import subprocess
import sys
from pathlib import Path

import pytest

from mainspring.cli.lazy import LazyCommands, loaded
from tests.acceptance.command_line import inherited

# The packages that take longest to load.
HEAVY = {"temporalio", "sqlalchemy", "alembic", "httpx", "jinja2", "cryptography", "babel"}

NAMES = LazyCommands(name="mainspring").list_commands(None)


def modules_of(folder: Path, *arguments: str) -> set[str]:
    """Run a command in a folder; return the modules that it has loaded when it ends."""
    program = (
        "import os, sys\n"
        f"sys.argv = {['mainspring', *arguments]!r}\n"
        "leave = os._exit\n"
        "def tell(code):\n"
        "    sys.stdout.flush()\n"
        "    print('\\n'.join(sys.modules), file=sys.stderr, flush=True)\n"
        "    leave(code)\n"
        "os._exit = tell\n"
        "from mainspring.__main__ import main\n"
        "main()\n"
        "tell(0)\n"
    )
    variables = inherited() | {"MAINSPRING_STATE_DIR": str(folder)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, env=variables, capture_output=True, text=True, check=True
    )
    return set(done.stderr.splitlines())


def packages(modules: set[str]) -> set[str]:
    """Return the packages outside of ours that modules belong to."""
    return {name.partition(".")[0] for name in modules}


def test_a_version_is_told_before_anything_is_loaded(tmp_path: Path) -> None:
    """Not even the command line."""
    modules = modules_of(tmp_path, "--version")

    assert not packages(modules) & (HEAVY | {"typer", "rich", "pydantic"})
    assert 12 > len([name for name in modules if name.startswith("mainspring")])


def test_the_list_of_commands_loads_no_command(tmp_path: Path) -> None:
    """It takes their first lines from their files."""
    modules = modules_of(tmp_path, "--help")

    assert not packages(modules) & HEAVY
    assert set() == {name for name in modules if name.startswith("mainspring.cli.commands.")}
    assert 30 > len([name for name in modules if name.startswith("mainspring")])


@pytest.mark.usefixtures("sqlite_database")
def test_to_look_at_tasks_loads_the_ledger_alone(tmp_path: Path) -> None:
    """Neither jobs nor Temporal's client: tasks that have ended wait for nobody."""
    modules = modules_of(tmp_path, "tasks", "list")

    # The ledger brings what secrets are sealed with, and the settings what reads a URL.
    assert {"sqlalchemy", "cryptography", "httpx"} == packages(modules) & HEAVY
    assert "mainspring.workflows.runtime.catalogue" not in modules
    assert 170 > len([name for name in modules if name.startswith("mainspring")])


def test_no_command_loads_more_than_it_says_before_it_runs() -> None:
    """So that its help, its mistakes and its completion are there at once."""
    program = (
        "import sys\n"
        "from mainspring.cli.lazy import loaded\n"
        f"for name in {NAMES!r}:\n"
        "    loaded(name)\n"
        "print('\\n'.join(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert not packages(set(done.stdout.splitlines())) & HEAVY


@pytest.mark.parametrize("name", NAMES)
def test_the_list_says_of_a_command_what_its_help_begins_with(name: str) -> None:
    """The first line of its file."""
    listed = LazyCommands(name="mainspring").get_command(None, name).help

    assert loaded(name).help.startswith(listed.rstrip("."))
