"""The drills' chance and their emulator; the command line, alone and beside a running service."""

import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from random import Random

import pytest

from mainspring.config.secrets import encryption_key
from mainspring.config.settings import Settings
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.testing.sqlite_template import SqliteTemplate
from tests.acceptance.command_line import CommandLine
from tests.acceptance.running_service import RunningService, running_service

pytest.register_assert_rewrite("tests.acceptance.drill_runs")

# Set to what a failed drill has printed, it repeats that drill's moments.
SEED = "DRILL_SEED"


@pytest.fixture
def drill_random() -> Random:
    """Give the drill its chance, and print the seed."""
    seed = int(os.environ.get(SEED) or secrets.randbelow(10**6))
    print(f"{SEED}={seed}")  # noqa: T201  # pytest shows it when the drill fails
    return Random(seed)


@pytest.fixture
async def justtcg_sandbox() -> AsyncIterator[JustTcgEmulator]:
    """Run the price service's emulator."""
    async with JustTcgEmulator(seed=11) as justtcg:
        yield justtcg


@pytest.fixture
def bare_command_line(tmp_path: Path) -> CommandLine:
    """Give a command line without a state directory, with nothing running."""
    return CommandLine(tmp_path / "var")


@pytest.fixture
async def command_line(bare_command_line: CommandLine, sqlite_template: SqliteTemplate) -> CommandLine:
    """Give a command line with a new database, as `db upgrade` makes it, and nothing running."""
    bare_command_line.state_dir.mkdir()
    await sqlite_template.copy(bare_command_line.state_dir / "mainspring.db")
    encryption_key(Settings(state_dir=bare_command_line.state_dir))
    return bare_command_line


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """Run one `mainspring up --emulators` for each test process; a test brings accounts of its own."""
    state_dir = tmp_path_factory.mktemp("running") / "var"
    with running_service(CommandLine(state_dir)) as service:
        yield service
