"""`mainspring failures`, and the options of `run` that say when: the program as it is typed."""

import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from mainspring.contracts.tasks import FinishTask, NewTask, TaskError, TaskState
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import TaskIntake, TaskWriter
from tests.acceptance.command_line import CommandLine


@pytest.fixture
def mainspring(sqlite_database: Database, command_line: CommandLine) -> CommandLine:
    """Give the program on the test's database; no Temporal can be reached."""
    return command_line.setting(
        MAINSPRING_DATABASE_URL=str(sqlite_database.url), TEMPORAL_ADDRESS="127.0.0.1:1"
    )


async def add_failures(database: Database, count: int) -> None:
    """Make failed tasks of one kind."""

    async def work(session: Session) -> None:
        for number in range(count):
            now, task_id = datetime.now(UTC), uuid4()
            given = {"account_id": str(uuid4())}
            new = NewTask(id=task_id, job="discover-sets", workflow_id="x", dedupe_key=None, input=given)
            await TaskIntake(session).enqueue([new], now=now)
            error = TaskError(at=now, step="work", error_type="Refused", message=f"HTTP 500 [{number}]")
            finish = FinishTask(task_id=task_id, state=TaskState.FAILED, error=error)
            await TaskWriter(session).finish(finish, now=now)

    await database.transact(work)


async def test_failures_are_listed_shown_tried_and_dismissed(
    mainspring: CommandLine, sqlite_database: Database
) -> None:
    """An operator comes from the list to the group, sees what a replay would do, and clears it."""
    await add_failures(sqlite_database, 3)

    listed = mainspring.json("failures", "list", "--since", "1h")
    group = listed[0]["fingerprint"][:8]
    shown = mainspring.run("failures", "show", group)
    tried = mainspring.run("failures", "replay", "--group", group, "--limit", "2", "--dry-run")
    cleared = mainspring.run("failures", "dismiss", "--group", group)
    empty = mainspring.run("failures", "list")

    assert [("discover-sets", "Refused", 3)] == [
        (each["job"], each["error_type"], each["count"]) for each in listed
    ]
    assert "HTTP 500 [2]" in shown.out, shown.err
    assert '{"account_id": "' in shown.out
    assert "2 of 3 failed tasks would be replayed" in tried.out, tried.err
    assert "3 failed tasks dismissed" in cleared.out, cleared.err
    assert "no failed tasks" in empty.out, empty.err


async def test_a_replay_while_the_engine_is_away_is_accepted(
    mainspring: CommandLine, sqlite_database: Database
) -> None:
    """The new task is safe in the ledger; the relay starts it."""
    await add_failures(sqlite_database, 1)

    replayed = mainspring.run("failures", "replay", "--all", "--no-stop")

    assert 0 == replayed.code, replayed.err
    assert "1 replayed, 0 left" in replayed.out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("failures", "replay"), "which ones?"),
        (("failures", "dismiss"), "which ones?"),
        (("failures", "show", "abcd"), "no group of failures has a name that begins with 'abcd'"),
        (("failures", "list", "--since", "soon"), "2026-05-01T08:00Z, or a duration ago such as 2h"),
        (("failures", "list", "--job", "discover"), "no job is called 'discover'"),
        (("run", "discover-sets", "--in", "10 parsecs"), "--in: '10 parsecs' is not accepted"),
        (("run", "discover-sets", "--at", "noon"), "--at: 'noon' is not accepted"),
    ],
    ids=" ".join,
)
def test_what_is_not_accepted_is_said_with_the_option(
    mainspring: CommandLine, arguments: tuple[str, ...], complaint: str
) -> None:
    """Exit code 2, and what would be accepted."""
    if arguments[0] == "run":
        arguments = (*arguments, "--input", json.dumps({"account_id": str(uuid4())}))

    refused = mainspring.run(*arguments)

    assert (2, True) == (refused.code, complaint in " ".join(refused.err.split())), refused.err


def test_a_task_for_later_says_when_it_starts(mainspring: CommandLine) -> None:
    """The queue answers why it waits."""
    given = json.dumps({"account_id": str(uuid4())})
    started = mainspring.run("run", "discover-sets", "--input", given, "--in", "1h30m", "--no-wait", "--json")

    task = json.loads(started.out)
    waits = datetime.fromisoformat(task["starts_at"]) - datetime.fromisoformat(task["created_at"])
    assert 5400 == round(waits.total_seconds())
