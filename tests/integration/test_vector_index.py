"""Vectors on PostgreSQL: found by an index where pgvector is, and by comparing all where it is not."""

import random
from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from mainspring.contracts.gifting.vectors import VectorKind
from mainspring.domain.gifting.similarity import unit
from mainspring.storage.database import Database
from mainspring.storage.gifting import NewVector, VectorRepository
from mainspring.storage.gifting.vector_index import has_column, make_index
from mainspring.storage.migrate import differences, upgrade
from mainspring.storage.tables.gifting import VectorRow

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
SIZE = 384


def vectors(count: int, seed: int = 1) -> list[NewVector]:
    """Return vectors of products; each third is that of another one."""
    dice = random.Random(seed)
    numbers: list[list[float]] = []
    for number in range(count):
        twin = number % 3 == 2
        numbers.append(numbers[number // 3] if twin else [dice.gauss(0, 1) for _ in range(SIZE)])
    return [NewVector(f"p{number:05}", "m", "h", each) for number, each in enumerate(numbers)]


async def store(database: Database, new: list[NewVector], workspace: str = "a") -> None:
    """Store the vectors of products."""
    await database.transact(
        lambda session: VectorRepository(session, workspace).store(VectorKind.PRODUCT, new, now=NOW)
    )


async def found(database: Database, query: list[float], n: int) -> list[list[tuple[str, float]]]:
    """Return what is nearest: among all, and among each second."""
    odd = select(VectorRow.subject).where(VectorRow.subject.like("%1"), VectorRow.workspace == "a")

    async with database.session() as session:
        repository = VectorRepository(session, "a")
        return [
            [
                (each.subject, each.similarity)
                for each in await repository.nearest(
                    VectorKind.PRODUCT, unit(query), n, model="m", among=among
                )
            ]
            for among in (None, odd)
        ]


async def without_extension(database: Database) -> None:
    """Take the extension away, as a server has it that never had it."""
    async with database.engine.begin() as connection:
        await connection.execute(text("DROP EXTENSION vector CASCADE"))


@pytest.fixture
async def bare(postgresql_database: Database) -> Database:
    """Give a database without the extension."""
    await without_extension(postgresql_database)
    return postgresql_database


async def test_both_databases_give_one_order(
    sqlite_database: Database, postgresql_database: Database
) -> None:
    """Twins included: whoever is as near as another comes in the order of the ids."""
    for database in (sqlite_database, postgresql_database):
        await store(database, vectors(300))
        await store(database, vectors(50, seed=7), workspace="b")
    dice = random.Random(2)

    async with postgresql_database.session() as session:
        assert await has_column(session)
    for _ in range(10):
        query = [dice.gauss(0, 1) for _ in range(SIZE)]
        for n in (1, 7, 40):
            ours, theirs = await found(sqlite_database, query, n), await found(postgresql_database, query, n)
            assert ours == theirs
            assert n == len(ours[0])


async def test_the_index_is_what_finds_the_nearest(postgresql_database: Database) -> None:
    """PostgreSQL may use it for the query as it is asked, filters and all."""
    await store(postgresql_database, vectors(300))
    scans = text(
        "SELECT idx_scan FROM pg_stat_user_indexes WHERE indexrelname = 'optional_ix_gifting_vectors_384'"
    )
    async with postgresql_database.session.begin() as session:
        # Three hundred rows are read and sorted sooner: the planner has to be kept from that.
        await session.execute(text("SET LOCAL enable_seqscan = off"))
        await session.execute(text("SET LOCAL enable_sort = off"))
        query = unit([1.0] * SIZE)
        await VectorRepository(session, "a").nearest(VectorKind.PRODUCT, query, 10, model="m")
        await session.execute(text("SELECT pg_stat_force_next_flush()"))

    async with postgresql_database.session() as session:
        assert 1 <= (await session.scalar(scans) or 0)


async def test_without_the_extension_all_are_compared(bare: Database, sqlite_database: Database) -> None:
    """The schema is as declared all the same, and the order is the same one."""
    for database in (bare, sqlite_database):
        await store(database, vectors(60))
    query = [1.0] * SIZE

    async with bare.session() as session:
        assert not await has_column(session)
    assert await found(sqlite_database, query, 9) == await found(bare, query, 9)
    await upgrade(bare)
    assert [] == await differences(bare)


async def test_an_extension_that_comes_later_is_put_to_use(bare: Database) -> None:
    """What is stored already gets into the index, and so does what is stored afterwards."""
    await store(bare, vectors(30))
    assert await make_index(bare, SIZE)
    await store(bare, vectors(60))

    async with bare.session() as session:
        assert await has_column(session)
        missing = text("SELECT count(*) FROM gifting_vectors WHERE optional_embedding IS NULL")
        assert 0 == await session.scalar(missing)
    assert [] == await differences(bare)
    assert await make_index(bare, SIZE)
    assert not await make_index(bare, 3_072)


async def test_an_index_for_another_model_is_made_beside_the_first(
    postgresql_database: Database,
) -> None:
    """Vectors of both sizes may be there for a while."""
    await store(postgresql_database, vectors(10))
    await store(postgresql_database, [NewVector("other", "m2", "h", [1.0, 2.0, 3.0])])
    assert await make_index(postgresql_database, 3)

    async with postgresql_database.session() as session:
        repository = VectorRepository(session, "a")
        (nearest,) = await repository.nearest(VectorKind.PRODUCT, unit([1, 2, 3]), 1, model="m2")
    assert ("other", 1.0) == (nearest.subject, nearest.similarity)
    assert [] == await differences(postgresql_database)
