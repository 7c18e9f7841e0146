"""The engine and the unit of work. No table and no query lives here."""

import asyncio
import os
import time
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import aiosqlite
from sqlalchemy import event, make_url
from sqlalchemy.engine import URL, Connection
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as NoConnectionFree
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker, create_async_engine
from sqlalchemy.ext.asyncio import AsyncSession as Session

from mainspring.storage.commits import WAKE, Wake, waking
from mainspring.storage.error_words import without_values
from mainspring.storage.errors import DatabaseAway
from mainspring.storage.storable import keep_storable, storable_json
from mainspring.storage.turnstile import Turnstile

__all__ = ["Database", "Session"]

T = TypeVar("T")

# SQLite has one writer at a time; more connections only queue on its lock.
SQLITE_POOL_SIZE = 5
POSTGRES_POOL_SIZE = 10

# For how long a writer waits for the others.
SQLITE_LOCK_TIMEOUT = timedelta(seconds=30)

# SQLAlchemy's own default: with every connection in use for longer, the database is as good as away.
POOL_PATIENCE = timedelta(seconds=30)

# A connection that went away without a word must not hold an activity until its own time limit.
STATEMENT_LIMIT = timedelta(minutes=2)

# https://www.sqlite.org/rescode.html: held by another process, or the file cannot be reached just now.
SQLITE_AWAY = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_IOERR", "SQLITE_CANTOPEN", "SQLITE_FULL")
# https://www.postgresql.org/docs/current/errcodes-appendix.html: connection lost, rolled back for a
# conflict, out of resources, shutting down or starting.
POSTGRES_AWAY = ("08", "40", "53", "57P")

# The execution option that marks a connection of a transaction which only reads.
READ_ONLY = "mainspring_read_only"
# The same of one query by itself, which needs no transaction.
SINGLE = "mainspring_single"


class Database:
    """A pool of connections to SQLite (`sqlite+aiosqlite:///…`) or PostgreSQL (`postgresql+asyncpg://…`)."""

    def __init__(
        self,
        url: str | URL,
        *,
        pool_patience: timedelta = POOL_PATIENCE,
        statement_limit: timedelta = STATEMENT_LIMIT,
    ) -> None:
        self.url = make_url(url)
        self._pool_patience = pool_patience
        self.engine = _create_engine(self.url, pool_patience, statement_limit)
        self._turnstile = Turnstile()
        # Wakes the queues of what transactions have queued; without it their tasks wait for the relay.
        self.wake: Wake | None = None
        self.session = async_sessionmaker(self.engine, expire_on_commit=False, info={WAKE: self._wake})
        self._reading = async_sessionmaker(
            self.engine.execution_options(**{READ_ONLY: True}), expire_on_commit=False
        )
        single: dict[str, Any] = {SINGLE: True} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._asking = async_sessionmaker(self.engine.execution_options(**single), expire_on_commit=False)

    @property
    def is_sqlite(self) -> bool:
        """Whether this is the embedded database."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def file(self) -> Path | None:
        """The file of the embedded database; None for a server's, or one in memory."""
        is_file = self.is_sqlite and self.url.database not in {None, "", ":memory:"}
        return Path(self.url.database or "") if is_file else None

    async def transact(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """Run `work` in one transaction: committed when it returns, rolled back when it raises.

        The transaction runs in a task of its own. A cancelled caller waits for it to end before the
        cancellation goes on, for a statement cancelled halfway keeps SQLite's write lock until
        garbage collection. The queues of what it has queued are woken before this returns.
        """
        return await self._shielded(work, self.session)

    async def read(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """As `transact`, for work that only reads: on SQLite it takes no write lock."""
        return await self._shielded(work, self._reading)

    async def ask(self, work: Callable[[Session], Awaitable[T]]) -> T:
        """As `read`, for work of one query: nothing is sent to begin or to end a transaction."""
        return await self._shielded(work, self._asking)

    @asynccontextmanager
    async def unhurried(self) -> AsyncIterator[AsyncConnection]:
        """Give a connection whose statements may take long, as those of migrations and waits for locks."""
        engine = self.engine if self.is_sqlite else _create_engine(self.url, self._pool_patience, None)
        try:
            async with engine.connect() as connection:
                yield connection
        finally:
            if engine is not self.engine:
                await engine.dispose()

    async def _shielded(
        self, work: Callable[[Session], Awaitable[T]], sessions: async_sessionmaker[Session]
    ) -> T:
        async def body() -> tuple[T, set[asyncio.Task[None]]]:
            with translated():
                async with sessions.begin() as session:
                    if self.is_sqlite and sessions is self.session:
                        async with self._turnstile.passing():
                            await session.connection()  # has the write lock from here on
                    result = await work(session)
                return result, waking(session)

        unit = asyncio.ensure_future(body())
        try:
            result, wakes = await asyncio.shield(unit)
        except asyncio.CancelledError:
            await asyncio.wait({unit})
            raise
        if wakes:
            await asyncio.wait(wakes)
        return result

    async def _wake(self, job: str, task_ids: Collection[UUID]) -> None:
        if self.wake is not None:
            await self.wake(job, task_ids)

    async def dispose(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def without_password(url: str) -> str:
    """Return a database's address as it may be shown."""
    return make_url(url).render_as_string(hide_password=True)


@contextmanager
def translated() -> Iterator[None]:
    """Raise DatabaseAway for whatever says that the database cannot be reached.

    No error tells the values of a row.
    """
    try:
        yield
    except (DBAPIError, NoConnectionFree, OSError) as error:
        without_values(error)
        if not _is_away(error):
            raise
        raise DatabaseAway(f"{DatabaseAway.__doc__} {error}") from error


def _is_away(error: DBAPIError | NoConnectionFree | OSError) -> bool:
    """Whether the connection or the server is at fault, not the statement."""
    if isinstance(error, OSError):
        return _is_of_driver(error)
    if isinstance(error, NoConnectionFree | InterfaceError) or error.connection_invalidated:
        return True
    sqlite_name: str = getattr(error.orig, "sqlite_errorname", None) or ""
    sqlstate: str = getattr(error.orig, "sqlstate", None) or ""
    return sqlite_name.startswith(SQLITE_AWAY) or sqlstate.startswith(POSTGRES_AWAY)


def _is_of_driver(error: OSError) -> bool:
    """Whether the driver has met an error of the system, and not what else is done in a transaction."""
    modules = (frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__))
    return any(each.startswith("sqlalchemy.") for each in modules)


def _create_engine(url: URL, pool_patience: timedelta, statement_limit: timedelta | None) -> AsyncEngine:
    both: dict[str, Any] = {
        "pool_timeout": pool_patience.total_seconds(),
        "json_serializer": storable_json,
        # A statement's error is logged, stored and told to webhooks; its parameters may be anybody's secrets.
        "hide_parameters": True,
    }
    if url.get_backend_name() == "sqlite":
        engine = create_async_engine(url, pool_size=SQLITE_POOL_SIZE, **both)
        event.listen(engine.sync_engine, "do_connect", _make_file)
        event.listen(engine.sync_engine, "connect", _configure_sqlite)
        event.listen(engine.sync_engine, "begin", _begin)
    else:
        engine = create_async_engine(
            url,
            pool_size=POSTGRES_POOL_SIZE,
            pool_pre_ping=True,
            connect_args={"command_timeout": statement_limit and statement_limit.total_seconds()},
            **both,
        )
    keep_storable(engine.sync_engine)
    return engine


def _make_file(_dialect: Any, _record: Any, address: list[Any], _options: Any) -> None:
    # SQLite would make it readable for everybody; its log and its index of it take the file's mode. A file
    # that is there must not be opened: to close it again takes away all locks that this process has on it,
    # those of its other connections too, which destroys it (https://sqlite.org/howtocorrupt.html, 2.2).
    with suppress(OSError):  # it is there, or SQLite says itself what is wrong with the place
        os.close(os.open(address[0], os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions of its own: _begin does.
    connection.isolation_level = None
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={SQLITE_LOCK_TIMEOUT // timedelta(milliseconds=1)}")
    connection.run_async(_use_wal)
    for pragma in ("synchronous=NORMAL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


async def _use_wal(driver: aiosqlite.Connection) -> None:
    # To switch a fresh file to its log while somebody else writes is refused at once, whatever busy_timeout
    # says (seen with SQLite 3.40): of 2,400 first connections, eight at a time, one to three.
    deadline = time.monotonic() + SQLITE_LOCK_TIMEOUT.total_seconds()
    while True:
        try:
            await driver.execute("PRAGMA journal_mode=WAL")
        except aiosqlite.OperationalError as error:
            if time.monotonic() > deadline or error.sqlite_errorname != "SQLITE_BUSY":
                raise
            await asyncio.sleep(0.01)
        else:
            return


def _begin(connection: Connection) -> None:
    # A deferred transaction that turns into a writer under contention fails at once, whatever busy_timeout
    # says: one that may write takes the lock at its start.
    options = connection.get_execution_options()
    if options.get(SINGLE, False):
        return
    read_only = options.get(READ_ONLY, False)
    connection.exec_driver_sql("BEGIN DEFERRED" if read_only else "BEGIN IMMEDIATE")
