"""The command line as a user has it: a process of its own, in a folder of its own."""

import atexit
import functools
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tests.acceptance.loaded_program import LoadedProgram, loaded_program

OURS = ("MAINSPRING_", "TEMPORAL_", "PYTHON")
PATIENCE_SECONDS = 120


@dataclass(frozen=True)
class TaskDone:
    """How a command ended, and what it said where."""

    code: int
    out: str
    err: str


def inherited() -> dict[str, str]:
    """Return the user's own variables, without what this project reads."""
    return {name: value for name, value in os.environ.items() if not name.startswith(OURS)}


@functools.cache
def loaded() -> LoadedProgram:
    """Load the program once for each test process, when a test first runs something of it."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(loaded_program(inherited()))


@dataclass(frozen=True)
class CommandLine:
    """`mainspring` with its state in `state_dir` and free ports; `variables` are what else is set."""

    state_dir: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its processes: the user's own, without what this project reads."""
        ours = {
            "MAINSPRING_STATE_DIR": str(self.state_dir),
            "MAINSPRING_ENGINE_PORT": "0",
            "MAINSPRING_UI_PORT": "0",
            "MAINSPRING_API_PORT": "0",
        }
        return inherited() | ours | dict(self.variables)

    def setting(self, **variables: str) -> "CommandLine":
        """Return the same with more variables."""
        return replace(self, variables={**self.variables, **variables})

    def run(self, *arguments: str, given: str = "") -> TaskDone:
        """Run a command to its end, with `given` on its standard input."""
        folder = self.state_dir.parent
        return TaskDone(*loaded().run(arguments, self.environment, folder, given, PATIENCE_SECONDS))

    def launch(self, *arguments: str, given: str = "") -> TaskDone:
        """Run a command as `run` does, from the start of Python on."""
        with self.started(*arguments) as process:
            out, err = process.communicate(given, timeout=PATIENCE_SECONDS)
        return TaskDone(process.returncode, out, err)

    def succeed(self, *arguments: str, given: str = "") -> str:
        """Run a command that has to exit with 0; return what it printed."""
        done = self.run(*arguments, given=given)
        assert 0 == done.code, done
        return done.out.strip()

    def json(self, *arguments: str) -> Any:
        """Run a command with --json, that has to exit with 0; return what it printed."""
        return json.loads(self.succeed(*arguments, "--json"))

    @contextmanager
    def started(self, *arguments: str) -> Iterator[subprocess.Popen[str]]:
        """Start a command in a session of its own; it has ended when the block ends, whatever happens."""
        process = subprocess.Popen(
            [sys.executable, "-m", "mainspring", *arguments],
            cwd=self.state_dir.parent,  # no .env of the checkout is read there
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()


def processes_about(folder: Path) -> Sequence[str]:
    """Return the command lines of the running processes that name the folder: Temporal's server does."""
    listed = subprocess.run(["ps", "-A", "-ww", "-o", "args="], capture_output=True, text=True, check=True)
    return [line for line in listed.stdout.splitlines() if str(folder) in line]
