"""`mainspring failures`, and the options of `run` that say when: the program as it is typed."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from contracts.tasks import FinishTask, NewTask, TaskError, TaskState
from storage.database import Database, Session
from storage.tasks import TaskRepository

PROJECT = Path(__file__).parents[2]
Command = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def mainspring(sqlite_database: Database, tmp_path: Path) -> Command:
    """Give a function that runs the program on the test's database; no engine can be reached."""
    environment = os.environ | {
        "MAINSPRING_DATABASE_URL": str(sqlite_database.url),
        "MAINSPRING_STATE_DIR": str(tmp_path),
        "TEMPORAL_ADDRESS": "127.0.0.1:1",
        "PYTHONPATH": str(PROJECT),
    }

    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "client", *arguments]
        return subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=60
        )

    return run


async def add_failures(database: Database, count: int) -> None:
    """Make failed tasks of one kind."""

    async def work(session: Session) -> None:
        for number in range(count):
            now, tasks, task_id = datetime.now(UTC), TaskRepository(session), uuid4()
            given = {"account_id": str(uuid4())}
            new = NewTask(id=task_id, job="discover-sets", workflow_id="x", dedupe_key=None, input=given)
            await tasks.enqueue([new], now=now)
            error = TaskError(at=now, step="work", error_type="Refused", message=f"HTTP 500 [{number}]")
            finish = FinishTask(task_id=task_id, state=TaskState.FAILED, error=error)
            await tasks.finish(finish, now=now)

    await database.transact(work)


async def test_failures_are_listed_shown_tried_and_dismissed(
    mainspring: Command, sqlite_database: Database
) -> None:
    """An operator comes from the list to the group, sees what a replay would do, and clears it."""
    await add_failures(sqlite_database, 3)

    listed = json.loads(mainspring("failures", "list", "--since", "1h", "--json").stdout)
    group = listed[0]["fingerprint"][:8]
    shown = mainspring("failures", "show", group)
    tried = mainspring("failures", "replay", "--group", group, "--limit", "2", "--dry-run")
    cleared = mainspring("failures", "dismiss", "--group", group)
    empty = mainspring("failures", "list")

    assert [("discover-sets", "Refused", 3)] == [
        (each["job"], each["error_type"], each["count"]) for each in listed
    ]
    assert "HTTP 500 [2]" in shown.stdout, shown.stderr
    assert "2 of 3 failed tasks would be replayed" in tried.stdout, tried.stderr
    assert "3 failed tasks dismissed" in cleared.stdout, cleared.stderr
    assert "no failed tasks" in empty.stdout, empty.stderr


async def test_a_replay_while_the_engine_is_away_is_accepted(
    mainspring: Command, sqlite_database: Database
) -> None:
    """The new task is safe in the ledger; the relay starts it."""
    await add_failures(sqlite_database, 1)

    replayed = mainspring("failures", "replay", "--all", "--no-stop")

    assert 0 == replayed.returncode, replayed.stderr
    assert "1 replayed, 0 left" in replayed.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("failures", "replay"), "which ones?"),
        (("failures", "dismiss"), "which ones?"),
        (("failures", "show", "abcd"), "no group of failures has a fingerprint that begins with 'abcd'"),
        (("failures", "list", "--since", "soon"), "--since: 'soon' is not accepted"),
        (("failures", "list", "--job", "discover"), "no job is called 'discover'"),
        (("run", "discover-sets", "--in", "10 parsecs"), "--in: '10 parsecs' is not accepted"),
        (("run", "discover-sets", "--at", "noon"), "--at: 'noon' is not accepted"),
    ],
    ids=" ".join,
)
def test_what_is_not_accepted_is_said_with_the_option(
    mainspring: Command, arguments: tuple[str, ...], complaint: str
) -> None:
    """Exit code 2, and what would be accepted."""
    if arguments[0] == "run":
        arguments = (*arguments, "--input", json.dumps({"account_id": str(uuid4())}))

    refused = mainspring(*arguments)

    assert (2, True) == (refused.returncode, complaint in " ".join(refused.stderr.split())), refused.stderr


def test_a_task_for_later_says_when_it_starts(mainspring: Command) -> None:
    """The queue answers why it waits."""
    given = json.dumps({"account_id": str(uuid4())})
    started = mainspring("run", "discover-sets", "--input", given, "--in", "1h30m", "--no-wait", "--json")

    task = json.loads(started.stdout)
    waits = datetime.fromisoformat(task["starts_at"]) - datetime.fromisoformat(task["created_at"])
    assert 5400 == round(waits.total_seconds())
