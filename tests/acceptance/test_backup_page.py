"""docs/backup.md and the clean-up of docs/operating.md, typed as they stand."""

import re
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import text

from mainspring.contracts.tasks import FinishTask, NewTask, TaskError, TaskState
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import ErrorLog, TaskIntake, TaskWriter
from tests.acceptance.command_line import CommandLine

DOCS = Path(__file__).parents[2] / "docs"


def blocks(page: str, language: str) -> list[str]:
    """Return the blocks of a page in a language."""
    found = re.findall(
        rf"^```{language}\n(.*?)^```", (DOCS / page).read_text(), flags=re.DOTALL | re.MULTILINE
    )
    return list(found)


def type_in(mainspring: CommandLine, lines: str) -> None:
    """Run what a page has for a terminal, in the directory of the state directory."""
    for line in lines.splitlines():
        if line.startswith("mainspring "):
            mainspring.succeed(*line.split()[1:])
        else:
            subprocess.run(["sh", "-ec", line], cwd=mainspring.state_dir.parent, check=True)


def test_what_was_backed_up_is_restored(command_line: CommandLine) -> None:
    """By the commands of the page: the database and the key that reads its secrets."""
    back_up, restore, _postgresql = blocks("backup.md", "")
    mainspring = command_line.setting(TEMPORAL_ADDRESS="127.0.0.1:1")  # nobody answers there
    mainspring.succeed("db", "upgrade")
    mainspring.succeed("cards", "add-account", "ada", "--api-key-stdin", given="key-of-ada\n")
    type_in(mainspring, back_up)
    mainspring.succeed("cards", "add-account", "bob")
    keys = {file.name: file.read_bytes() for file in mainspring.state_dir.glob("*.key")}

    type_in(mainspring, restore)

    assert keys == {file.name: file.read_bytes() for file in mainspring.state_dir.glob("*.key")}
    accounts = mainspring.succeed("cards", "accounts")
    assert ("ada" in accounts, "bob" in accounts) == (True, False)


async def test_old_tasks_are_deleted_with_what_belongs_to_them(database: Database) -> None:
    """By the SQL of the page, on both databases; a younger task stays."""
    postgresql, sqlite = blocks("operating.md", "sql")
    now = datetime.now(UTC)
    old, young = [await _ended(database, now - timedelta(days=days)) for days in (91, 89)]

    async with database.engine.begin() as connection:
        for statement in (sqlite if database.is_sqlite else postgresql).split(";"):
            if statement.strip():
                await connection.execute(text(statement))

    async with database.engine.connect() as connection:
        left = {
            table: [
                UUID(str(each)) for each in await connection.scalars(text(f"SELECT {column} FROM {table}"))
            ]
            for table, column in (("tasks", "id"), ("task_errors", "task_id"))
        }
    assert {"tasks": [young], "task_errors": [young]} == left
    assert old != young


async def _ended(database: Database, at: datetime) -> UUID:
    task = NewTask(id=uuid4(), job="x", workflow_id=str(at), dedupe_key=None, input={})
    error = TaskError(at=at, step="x", error_type="X", message="x", stack="", attempt=1)

    async def write(session: Session) -> None:
        await TaskIntake(session).enqueue([task], now=at)
        await ErrorLog(session).append(task.id, error)
        await TaskWriter(session).finish(FinishTask(task_id=task.id, state=TaskState.FAILED), now=at)

    await database.transact(write)
    return task.id
