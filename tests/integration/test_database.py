"""The unit of work, on both databases."""

import asyncio
import errno
import sqlite3
import sys
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from mainspring.storage.commits import after_commit, after_commits
from mainspring.storage.database import Database, Session
from mainspring.storage.errors import DatabaseAway
from mainspring.storage.migrate import differences, upgrade
from mainspring.storage.schema_version import is_current

INSERT = text("INSERT INTO games (id, name) VALUES (:id, 'a game')")

# Another process that looks into the file and ends.
LOOK_AND_END = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("SELECT count(*) FROM games").fetchall()
connection.close()
"""

# Nobody reads it in an error.
WORD = "sesame"

# A statement that takes its time, wherever it is stopped.
SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) "
    "SELECT count(*) FROM n",
    "postgresql": "SELECT pg_sleep(0.3)",
}


def insert(game: str) -> Callable[[Session], Awaitable[object]]:
    return lambda session: session.execute(INSERT, {"id": game})


async def games(database: Database) -> list[str]:
    async def look(session: Session) -> list[str]:
        return list(await session.scalars(text("SELECT id FROM games ORDER BY id")))

    return await database.read(look)


async def test_an_error_takes_back_the_whole_transaction(database: Database) -> None:
    """Nothing is half done."""

    async def fail(session: Session) -> None:
        await insert("one")(session)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.transact(fail)

    assert [] == await games(database)


async def test_a_fresh_file_that_somebody_else_writes_to_is_waited_for(tmp_path: Path) -> None:
    """SQLite refuses at once, whatever its time limit, to switch such a file to a write-ahead log."""
    path = tmp_path / "fresh.db"
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("CREATE TABLE taken (id INTEGER)")
    other.execute("BEGIN IMMEDIATE")
    database = Database(f"sqlite+aiosqlite:///{path}")

    opening = asyncio.create_task(is_current(database))
    done, _ = await asyncio.wait({opening}, timeout=0.3)
    assert set() == done
    other.execute("COMMIT")
    other.close()

    assert not await opening
    await database.dispose()


@pytest.mark.parametrize("delay_seconds", [0.0, 0.01, 0.05])
async def test_a_caller_cancelled_in_mid_statement_leaves_no_lock(
    database: Database, delay_seconds: float
) -> None:
    """The transaction comes to its end first, and the next writer finds the way free."""
    is_inside = asyncio.Event()

    async def slow(session: Session) -> None:
        await insert("one")(session)
        is_inside.set()
        await session.execute(text(SLOW[database.url.get_backend_name()]))

    caller = asyncio.create_task(database.transact(slow))
    await is_inside.wait()
    await asyncio.sleep(delay_seconds)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    async with asyncio.timeout(5):
        await database.transact(insert("two"))

    assert ["one", "two"] == await games(database)


async def test_writers_take_turns_and_none_is_lost(database: Database) -> None:
    """More writers at once than there are connections, on two machines."""
    other = Database(database.url)
    await asyncio.gather(
        *((database, other)[number % 2].transact(insert(f"{number:02}")) for number in range(40))
    )
    await other.dispose()

    assert 40 == len(await games(database))


async def test_a_single_query_opens_no_transaction(database: Database) -> None:
    """The connection it had is another's transaction afterwards, which can be taken back."""

    async def is_in_transaction(session: Session) -> bool:
        await session.execute(text("SELECT 1"))
        connection = await session.connection()
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        return bool(driver.in_transaction if database.is_sqlite else driver.is_in_transaction())

    assert not await database.ask(is_in_transaction)
    assert await database.transact(is_in_transaction)
    await test_an_error_takes_back_the_whole_transaction(database)


async def test_a_reader_does_not_wait_for_a_writer(database: Database) -> None:
    """A page of the platform is shown while a job writes."""
    is_inside, may_end = asyncio.Event(), asyncio.Event()

    async def hold(session: Session) -> None:
        await insert("one")(session)
        is_inside.set()
        await may_end.wait()

    writer = asyncio.create_task(database.transact(hold))
    await is_inside.wait()
    async with asyncio.timeout(5):
        assert [] == await games(database)
    may_end.set()
    await writer

    assert ["one"] == await games(database)


@pytest.mark.parametrize(
    "url",
    ["postgresql+asyncpg://nobody@127.0.0.1:1/nothing", "sqlite+aiosqlite:////no/such/folder/mainspring.db"],
    ids=["postgresql", "sqlite"],
)
async def test_a_database_that_is_not_there_is_away(url: str) -> None:
    """That is a transient failure, and worth waiting for."""
    database = Database(url)
    with pytest.raises(DatabaseAway):
        await database.read(lambda session: session.execute(text("SELECT 1")))
    await database.dispose()


@pytest.mark.parametrize("look", [upgrade, is_current, differences])
async def test_migrations_say_as_well_that_a_database_is_away(
    look: Callable[[Database], Awaitable[object]],
) -> None:
    """A worker that starts before its database waits for it."""
    database = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    with pytest.raises(DatabaseAway):
        await look(database)
    await database.dispose()


async def test_a_database_without_a_free_connection_is_away(sqlite_database: Database) -> None:
    """Nobody's statement is at fault, and waiting helps."""
    database = Database(sqlite_database.url, pool_patience=timedelta(seconds=0.1))
    may_end = asyncio.Event()

    async def hold(session: Session) -> None:
        await session.execute(text("SELECT 1"))
        await may_end.wait()

    # More than the pool and its overflow.
    readers = [asyncio.create_task(database.read(hold)) for _ in range(20)]
    ended, _ = await asyncio.wait(readers, return_when=asyncio.FIRST_EXCEPTION)
    may_end.set()
    await asyncio.wait(readers)
    await database.dispose()

    assert {DatabaseAway} == {type(each.exception()) for each in ended}


async def test_a_wrong_statement_is_not_taken_for_a_missing_database(database: Database) -> None:
    """A bug is an application failure, and not retried for an hour."""
    with pytest.raises(Exception, match="no_such_table") as caught:
        await database.transact(lambda session: session.execute(text("SELECT 1 FROM no_such_table")))

    assert not isinstance(caught.value, DatabaseAway)


async def test_what_follows_a_commit_happens_only_after_a_commit(database: Database) -> None:
    """It sees what was committed; after a roll-back it does not happen."""
    seen: list[list[str]] = []

    async def look() -> None:
        seen.append(await games(database))

    async def commit(session: Session) -> None:
        after_commit(session, look)
        await insert("one")(session)

    async def roll_back(session: Session) -> None:
        after_commit(session, look)
        raise ZeroDivisionError

    await database.transact(commit)
    with pytest.raises(ZeroDivisionError):
        await database.transact(roll_back)
    await after_commits()

    assert [["one"]] == seen


async def test_what_follows_a_commit_waits_for_the_whole_transaction(database: Database) -> None:
    """A savepoint that is released is no commit, and one that is taken back leaves the rest as it was."""
    seen: list[list[str]] = []

    async def look() -> None:
        seen.append(await games(database))

    async def commit(session: Session) -> None:
        async with session.begin_nested():
            after_commit(session, look)
            await insert("one")(session)
        async with session.begin_nested() as taken_back:
            await insert("two")(session)
            await taken_back.rollback()
        await after_commits()
        assert [] == seen
        await insert("three")(session)

    await database.transact(commit)
    await after_commits()

    assert [["one", "three"]] == seen


@pytest.mark.parametrize("end", ["rollback", "close", "savepoint", "savepoint around"])
async def test_what_follows_a_commit_is_forgotten_with_its_transaction(database: Database, end: str) -> None:
    """What a session does afterwards is none of its business."""
    seen: list[list[str]] = []

    async def look() -> None:
        seen.append(await games(database))

    async with database.session() as session:
        outer = await session.begin_nested() if "savepoint" in end else None
        inner = await session.begin_nested() if end == "savepoint around" else None
        await insert("one")(session)
        after_commit(session, look)
        if inner is not None:
            await inner.commit()
        if outer is not None:
            await outer.rollback()
        else:
            await (session.rollback() if end == "rollback" else session.close())
        await insert("two")(session)
        await session.commit()
    await after_commits()

    assert ([], ["two"]) == (seen, await games(database))


async def test_a_new_connection_leaves_the_locks_of_the_others(sqlite_database: Database) -> None:
    """A process that closes the file for itself loses its locks on it.

    The next process that ended took itself for the last one then, and the log away that was written to.
    """
    first, second = asyncio.Event(), asyncio.Event()

    async def look(session: Session) -> None:
        await session.execute(text("SELECT 1 FROM games"))
        first.set()
        await second.wait()

    await sqlite_database.transact(insert("1"))
    holder = asyncio.create_task(sqlite_database.read(look))
    await first.wait()
    await sqlite_database.read(lambda session: session.execute(text("SELECT 1 FROM games")))
    path = str(sqlite_database.url.database)
    other = await asyncio.create_subprocess_exec(sys.executable, "-IS", "-c", LOOK_AND_END, path)
    assert 0 == await other.wait()
    log = Path(f"{path}-wal")
    is_there = log.exists()  # noqa: ASYNC240  # one look
    second.set()
    await holder

    assert is_there


async def test_sqlite_makes_a_file_of_its_own(tmp_path: Path) -> None:
    """A path is enough."""
    database = Database(f"sqlite+aiosqlite:///{tmp_path}/new.db")
    await database.read(lambda session: session.execute(text("SELECT 1")))
    await database.dispose()

    assert (tmp_path / "new.db").exists()


async def test_an_error_of_sql_tells_no_parameters(database: Database) -> None:
    """It is logged, stored and told to webhooks; the statement is enough to find it."""
    with pytest.raises(DBAPIError) as refused:
        await database.transact(
            lambda session: session.execute(text("SELECT a FROM b WHERE c = :c"), {"c": "sesame"})
        )
    assert "SELECT a FROM b" in str(refused.value)
    assert "sesame" not in str(refused.value)


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT CAST(:c AS INTEGER)",
        "SELECT CAST(CAST(:c AS TEXT) AS INTEGER)",
        "INSERT INTO doors VALUES (:c)",
        "INSERT INTO walls VALUES (:c)",
    ],
)
async def test_an_error_of_sql_tells_no_value_of_a_row(statement: str, database: Database) -> None:
    """PostgreSQL says it in a line of its own, or beside the type that it is not."""

    async def work(session: Session) -> None:
        await session.execute(text("CREATE TABLE doors (word VARCHAR(50) PRIMARY KEY)"))
        await session.execute(text("CREATE TABLE walls (word VARCHAR(50) CHECK (word < 'b'))"))
        await session.execute(text("INSERT INTO doors VALUES (:c)"), {"c": WORD})
        await session.execute(text(statement), {"c": WORD})
        raise ZeroDivisionError

    with pytest.raises((DBAPIError, ZeroDivisionError)) as refused:
        await database.transact(work)
    assert WORD not in "".join(traceback.format_exception(refused.value))


async def test_a_file_that_is_not_there_is_no_database_that_is_away(sqlite_database: Database) -> None:
    """What is done in a transaction fails with its own error, and is not waited for."""

    async def work(_session: Session) -> None:
        raise FileNotFoundError(errno.ENOENT, "no such file")

    with pytest.raises(FileNotFoundError):
        await sqlite_database.transact(work)
