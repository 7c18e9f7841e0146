"""How receivers fare, as the database has it."""

import asyncio
from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import event, select

from mainspring.contracts.tasks import TaskState
from mainspring.contracts.webhooks import Subscription
from mainspring.contracts.workspaces import DEFAULT_WORKSPACE
from mainspring.storage.database import Database, Session
from mainspring.storage.receivers import ReceiverRepository
from mainspring.storage.secrets import SecretBox
from mainspring.storage.tables import SubscriptionRow
from mainspring.storage.webhooks import SubscriptionRepository
from tests.ledger_writes import LATER, NOON

BOX = SecretBox(b"k" * 32)


async def add(database: Database, count: int) -> list[UUID]:
    """Add subscriptions; return their ids in the order in which rows are held."""

    async def work(session: Session) -> list[UUID]:
        subscriptions = SubscriptionRepository(session, DEFAULT_WORKSPACE)
        added = [
            await subscriptions.add(
                f"https://shop-{number}.example",
                fairness_key=None,
                states=[TaskState.SUCCESS],
                secret="s",
                box=BOX,
                now=NOON,
            )
            for number in range(count)
        ]
        return sorted(each.id for each in added)

    return await database.transact(work)


async def note(
    database: Database, reached: Collection[UUID], failures: Mapping[UUID, int], gone: Collection[UUID] = ()
) -> None:
    await database.transact(
        lambda session: ReceiverRepository(session).note(reached, failures, gone=gone, now=LATER)
    )


async def stored(database: Database) -> dict[UUID, Subscription]:
    found = await database.read(lambda session: SubscriptionRepository(session, DEFAULT_WORKSPACE).all())
    return {each.id: each for each in found}


async def test_failures_are_counted_until_something_gets_through(database: Database) -> None:
    """Of each receiver by itself; one that is gone is disabled."""
    better, worse, gone = await add(database, 3)
    await note(database, [], {better: 2, worse: 1})

    await note(database, [better], {worse: 3, gone: 1}, gone=[gone])
    after = await stored(database)

    assert (None, 0) == (after[better].failing_since, after[better].failures)
    assert (LATER, 4, None) == (after[worse].failing_since, after[worse].failures, after[worse].disabled_at)
    assert LATER == after[gone].disabled_at


async def test_receivers_that_do_well_cost_one_query(database: Database) -> None:
    """However many they are."""
    ids = await add(database, 3)
    statements: list[str] = []
    event.listen(
        database.engine.sync_engine,
        "before_cursor_execute",
        lambda _c, _cursor, statement, *_rest: statements.append(statement),
    )

    await note(database, ids, {})

    assert 1 == len([each for each in statements if "webhook_subscriptions" in each])


async def test_two_who_note_the_same_receivers_the_other_way_round_do_not_block_each_other(
    postgresql_database: Database,
) -> None:
    """One saw the first fail and the other succeed, the other one the opposite: no deadlock."""
    database = postgresql_database
    low, high = await add(database, 2)
    await note(database, [], {low: 1, high: 1})

    async with database.session.begin() as holder:
        await holder.execute(select(SubscriptionRow.id).where(SubscriptionRow.id == high).with_for_update())
        notes = []
        for reached, failed in ((high, low), (low, high)):
            notes.append(asyncio.create_task(note(database, [reached], {failed: 1})))
            await asyncio.sleep(0.2)  # so that it waits for what is held

    assert [None, None] == await asyncio.gather(*notes)


async def test_a_former_secret_holds_until_its_time(database: Database) -> None:
    """Two rotations at once leave the secret of the first as the former one of the second."""
    (webhook,) = await add(database, 1)

    async def rotate(secret: str) -> None:
        await database.transact(
            lambda session: SubscriptionRepository(session, DEFAULT_WORKSPACE).rotate_secret(
                webhook, secret, box=BOX, former_until=LATER
            )
        )

    async def secrets_at(now: datetime) -> tuple[str, str | None]:
        found = await database.read(
            lambda session: ReceiverRepository(session).receiver(webhook, BOX, now=now)
        )
        return found.secret, found.former_secret

    assert ("s", None) == await secrets_at(NOON)
    await asyncio.gather(rotate("a"), rotate("b"))
    newest, former = await secrets_at(NOON)
    assert {"a", "b"} == {newest, former}
    assert (newest, None) == await secrets_at(LATER)
