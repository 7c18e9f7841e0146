"""The migrations, on both databases."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from alembic import command
from sqlalchemy import text
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from mainspring.storage.data_passes import is_sealing_put_off
from mainspring.storage.database import Database
from mainspring.storage.migrate import alembic_config, differences, revise, upgrade
from mainspring.storage.schema_version import is_current
from tests.acceptance.command_line import CommandLine
from tests.postgres import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Give the address of a database without any table."""
    if request.param == "sqlite":
        return f"sqlite+aiosqlite:///{tmp_path}/empty.db"
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.url(asyncio.run(server.create_empty()))


@pytest.fixture
async def empty(empty_url: str) -> AsyncIterator[Database]:
    """Give a database without any table."""
    database = Database(empty_url)
    yield database
    await database.dispose()


async def test_the_migrations_lead_to_the_declared_tables(empty: Database) -> None:
    """What the code declares and what an upgraded database has are the same, and a repeat is harmless."""
    assert not await is_current(empty)

    for _ in range(2):
        await upgrade(empty)
        assert await is_current(empty)
        assert [] == await differences(empty)
        assert not await is_sealing_put_off(empty)


async def test_a_schema_of_a_later_release_is_left_alone(sqlite_database: Database) -> None:
    """After a rollback, workers and commands of the release before go on: a migration only adds."""
    async with sqlite_database.engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    await upgrade(sqlite_database)

    assert await is_current(sqlite_database)


async def test_no_migration_is_written_where_nothing_has_changed() -> None:
    """`mainspring db revision` is harmless; tests/acceptance/test_new_jobs.py has it write one."""
    assert await revise("nothing") is None


async def test_a_current_schema_is_looked_at_beside_a_writer(tmp_path: Path) -> None:
    """A backup that holds SQLite's write lock for long holds up no command that only reads."""
    url = f"sqlite+aiosqlite:///{tmp_path}/busy.db"
    writer, reader = Database(url), Database(url)
    try:
        await upgrade(writer)
        async with writer.engine.connect() as holding, holding.begin():
            await asyncio.wait_for(upgrade(reader), timeout=5)
            assert [] == await asyncio.wait_for(differences(reader), timeout=5)
    finally:
        await reader.dispose()
        await writer.dispose()


# A row of each table that got a workspace, as revision 0003 had it.
BEFORE_WORKSPACES = (
    (
        "INSERT INTO accounts (id, name, plan, anchor_day, is_active, created_at)"
        " VALUES (:id, 'shop', 'Starter', 1, true, :now)"
    ),
    "INSERT INTO games (id, name) VALUES ('magic', 'Magic')",
    "INSERT INTO tracked_games (account_id, game_id, is_active, next_offset) VALUES (:id, 'magic', true, 0)",
    (
        "INSERT INTO wishlist_products (id, name, url, currency, price_cents, stock, updated_at,"
        " seen_on_sale, sale_episode, seen_sold_out, stock_episode)"
        " VALUES ('lamp', 'Lamp', 'https://a.example', 'EUR', 9900, 1, :now, false, 0, false, 0)"
    ),
    (
        "INSERT INTO wishlist_users (id, email, time_zone, locale, sale_alerts, stock_alerts, updated_at)"
        " VALUES ('anna', 'anna@example.org', 'UTC', 'en', true, true, :now)"
    ),
    (
        "INSERT INTO wishlist_items (product_id, user_id, notify_on_sale, notify_on_stock,"
        " price_when_added_cents, added_at) VALUES ('lamp', 'anna', true, true, 9900, :now)"
    ),
    (
        "INSERT INTO effects (id, kind, dedupe_key, owner, state, on_unknown, reference, recipient, attempts,"
        " resends, task_id, created_at)"
        " VALUES (:id, 'mail', 'mail/1', 'anna', 'sent', 'resend', '<1@shop>', 'anna@example.org', 1, 0, :id,"
        " :now)"
    ),
    (
        "INSERT INTO wishlist_notifications (id, product_id, user_id, kind, episode, price_cents,"
        " baseline_cents, min_stock, state, effect_id, created_at)"
        " VALUES (:id, 'lamp', 'anna', 'sale', 1, 9000, 9900, 1, 'sent', :id, :now)"
    ),
    (
        "INSERT INTO tasks (id, job, state, workflow_id, dedupe_key, workspace, input, progress,"
        " processed, priority, triggered_by, is_pooled, attempts, created_at, updated_at)"
        " VALUES (:id, 'note', 'QUEUED', 'note/1', 'note/1', 'shop-7', '{}', 0, 0, 3, 'client', false, 0,"
        " :now, :now)"
    ),
    (
        "INSERT INTO task_errors (task_id, at, step, error_type, message, stack, attempt)"
        " VALUES (:id, :now, 'note', 'Away', 'away', '', 1)"
    ),
    (
        "INSERT INTO webhook_subscriptions (id, url, workspace, states, secret_encrypted, created_at,"
        " failures) VALUES (:id, 'https://a.example', 'shop-7', '[]', :sealed, :now, 0)"
    ),
    "INSERT INTO quotas (holder, state) VALUES ('key', '{}')",
)
WITH_WORKSPACE = (
    "accounts",
    "effects",
    "tasks",
    "webhook_subscriptions",
    "quotas",
    "wishlist_items",
    "wishlist_notifications",
    "wishlist_products",
    "wishlist_users",
)


def _upgrade_to(revision: str) -> Callable[[Connection], None]:
    def run(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.upgrade(config, revision)

    return run


async def test_rows_of_before_belong_to_the_default_workspace(empty: Database) -> None:
    """Nothing is lost when keys come to include the workspace, also not what refers to a table made anew."""
    # As each of the two drivers takes them.
    values = {
        "id": uuid4().hex if empty.is_sqlite else uuid4(),
        "sealed": b"sealed",
        "now": "2026-01-02 00:00:00" if empty.is_sqlite else datetime(2026, 1, 2, tzinfo=UTC),
    }
    async with empty.engine.begin() as connection:
        await connection.run_sync(_upgrade_to("0003"))
        for statement in BEFORE_WORKSPACES:
            await connection.execute(text(statement), values)

    await upgrade(empty)

    assert [] == await differences(empty)
    assert await is_sealing_put_off(empty)
    async with empty.engine.begin() as connection:
        for table in WITH_WORKSPACE:
            found = await connection.scalars(text(f"SELECT workspace FROM {table}"))
            assert ["default"] == list(found), table
        assert 1 == await connection.scalar(text("SELECT count(*) FROM tracked_games"))
        assert 1 == await connection.scalar(text("SELECT count(*) FROM task_errors"))
        for table in ("wishlist_items", "wishlist_notifications"):
            assert "EUR" == await connection.scalar(text(f"SELECT currency FROM {table}")), table
        for table in ("tasks", "webhook_subscriptions"):
            assert "shop-7" == await connection.scalar(text(f"SELECT fairness_key FROM {table}")), table
        # References are kept as before: a product that goes takes its wishes along.
        await connection.execute(text("DELETE FROM wishlist_products"))
        assert 0 == await connection.scalar(text("SELECT count(*) FROM wishlist_items"))
        with pytest.raises(IntegrityError):
            await connection.execute(text("UPDATE accounts SET anchor_day = 32"))


async def test_a_migration_that_waits_holds_up_only_its_own_table(postgres: PostgresServer) -> None:
    """Old workers go on with the tables of the migrations before; the wait is no outage, however long."""
    url = postgres.url(await postgres.create_empty())
    worker, upgrading = Database(url), Database(url, statement_limit=timedelta(seconds=0.1))
    async with worker.engine.begin() as connection:
        await connection.run_sync(_upgrade_to("0008"))

    async with worker.engine.begin() as holding:
        await holding.execute(text("LOCK TABLE wishlist_items"))  # which 0010 changes, and 0009 does not
        upgraded = asyncio.create_task(upgrade(upgrading))
        async with asyncio.timeout(30):
            while not await _has_waited(worker, timedelta(seconds=0.2)):
                assert not upgraded.done()
        async with worker.engine.begin() as connection:
            await connection.execute(text("SET lock_timeout = '1s'"))
            assert "0009" == await connection.scalar(text("SELECT version_num FROM alembic_version"))
            assert 0 == await connection.scalar(text("SELECT count(*) FROM tasks WHERE deaths > 0"))
    await upgraded

    assert [] == await differences(worker)
    await upgrading.dispose()
    await worker.dispose()


MANY_ROWS = (
    (
        "INSERT INTO wishlist_products (workspace, id, name, url, currency, price_cents, stock, updated_at,"
        " seen_on_sale, sale_episode, seen_sold_out, stock_episode) VALUES"
        " ('default', 'p', 'P', 'https://shop.example/p', 'EUR', 1, 1, now(), false, 0, false, 0)"
    ),
    (
        "INSERT INTO wishlist_notifications (id, workspace, product_id, user_id, kind, episode, price_cents,"
        " baseline_cents, min_stock, state, created_at) SELECT gen_random_uuid(), 'default', 'p', 'u' || n,"
        " 'sale', 1, 1, 1, 1, 'sent', now() FROM generate_series(1, 5001) n"
    ),
)


async def test_a_migration_of_many_rows_holds_a_page_of_them(postgres: PostgresServer) -> None:
    """Who holds one row keeps the migration from its page; the pages before are done, and free."""
    url = postgres.url(await postgres.create_empty())
    worker, upgrading = Database(url), Database(url)
    async with worker.engine.begin() as connection:
        await connection.run_sync(_upgrade_to("0013"))
        for statement in MANY_ROWS:
            await connection.execute(text(statement))

    count = text("SELECT count(*) FROM wishlist_notifications WHERE currency = 'EUR'")
    async with worker.engine.begin() as holding:
        # The last of those that the migration meets.
        last = "SELECT 1 FROM wishlist_notifications WHERE user_id = 'u5001' FOR UPDATE"
        await holding.execute(text(last))
        upgraded = asyncio.create_task(upgrade(upgrading))
        async with asyncio.timeout(30):
            while not await _has_waited(worker, timedelta()):
                assert not upgraded.done()
        async with worker.engine.connect() as connection:
            done = await connection.scalar(count)
    await upgraded

    async with worker.engine.connect() as connection:
        assert (5_000, 5_001) == (done, await connection.scalar(count))
    assert [] == await differences(worker)
    await upgrading.dispose()
    await worker.dispose()


async def _has_waited(database: Database, least: timedelta) -> bool:
    waiting = text(
        "SELECT count(*) FROM pg_locks WHERE NOT granted AND clock_timestamp() - waitstart > :least"
    )
    async with database.engine.connect() as connection:
        return bool(await connection.scalar(waiting, {"least": least}))


async def test_upgrades_in_one_process_take_turns(empty: Database) -> None:
    """Several parts of a process may each bring the database up to date."""
    await asyncio.gather(*(upgrade(empty) for _ in range(4)))

    assert [] == await differences(empty)


async def test_processes_that_start_together_all_find_the_newest_schema(
    empty: Database, tmp_path: Path
) -> None:
    """Of four on a fresh machine one upgrades, the others wait for it, and nobody fails."""
    url = empty.url.render_as_string(hide_password=False)
    command_line = CommandLine(tmp_path / "var").setting(MAINSPRING_DATABASE_URL=url)

    ended = await asyncio.gather(*(asyncio.to_thread(command_line.run, "db", "upgrade") for _ in range(4)))

    assert [(0, "")] * 4 == [(each.code, each.err) for each in ended]
    assert [] == await differences(empty)
