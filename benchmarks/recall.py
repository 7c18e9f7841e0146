"""How much of what is nearest the index on PostgreSQL finds, and how long a search takes.

    python -m benchmarks.recall [PRODUCTS]

A PostgreSQL server of its own, and SQLite beside it. The vectors have the form of real ones: each is between
the vectors of two products of examples/gifting, by the embedded model, with noise as large as their distance.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean, quantiles
from typing import TypeVar

import numpy as np
from sqlalchemy import Select, select, text

from mainspring.contracts.gifting.vectors import VectorKind
from mainspring.domain.gifting.similarity import Candidate, Matrix, Vector, nearest, unit
from mainspring.gateways.embeddings import EmbeddedModel
from mainspring.storage.database import Database
from mainspring.storage.gifting import NewVector, VectorRepository
from mainspring.storage.gifting.vector_index import make_index
from mainspring.storage.migrate import upgrade
from mainspring.storage.tables.gifting import VectorRow
from tests.gifts import example_products, text_of
from tests.postgres import postgres_server

NOW = datetime(2026, 11, 29, tzinfo=UTC)
PRODUCTS = 100_000
QUERIES = 50
PAGE = 2_000
MODEL = "benchmark"

T = TypeVar("T")

# What a search may find: all, a tenth and a hundredth of the products.
AMONG = {"all": None, "a tenth": "%7", "a hundredth": "%77"}


def lookalikes(real: Matrix, count: int, seed: int) -> Matrix:
    """Return vectors between two real ones each, with noise."""
    dice = np.random.default_rng(seed)
    one, other = (real[dice.integers(len(real), size=count)] for _ in range(2))
    share = dice.random((count, 1), dtype=np.float32)
    noise = dice.standard_normal((count, real.shape[1]), dtype=np.float32) / np.sqrt(real.shape[1])
    mixed = share * one + (1 - share) * other + 0.5 * noise
    return (mixed / np.linalg.norm(mixed, axis=1, keepdims=True)).astype(np.float32)


def subject(number: int) -> str:
    """Return the id of a product."""
    return f"p{number:06}"


def pages(vectors: Matrix) -> Iterator[list[NewVector]]:
    """Give what is stored, a page in a transaction."""
    for start in range(0, len(vectors), PAGE):
        part = vectors[start : start + PAGE]
        yield [NewVector(subject(start + row), MODEL, "h", each) for row, each in enumerate(part)]


async def timed(work: Awaitable[T]) -> tuple[T, float]:
    """Return what some work gives, and how many seconds it takes."""
    began = time.perf_counter()
    return await work, time.perf_counter() - began


async def load(database: Database, vectors: Matrix) -> None:
    """Store vectors."""
    for page in pages(vectors):
        await database.transact(
            lambda session, page=page: VectorRepository(session, "default").store(  # type: ignore[misc]
                VectorKind.PRODUCT, page, now=NOW
            )
        )


def among(pattern: str | None) -> Select[str] | None:
    """Return the query for what a search may find."""
    if pattern is None:
        return None
    return select(VectorRow.subject).where(VectorRow.workspace == "default", VectorRow.subject.like(pattern))


async def search(database: Database, query: Vector, n: int, pattern: str | None) -> list[Candidate]:
    """Return what is nearest."""
    return await database.read(
        lambda session: VectorRepository(session, "default").nearest(
            VectorKind.PRODUCT, query, n, model=MODEL, among=among(pattern)
        )
    )


async def measure(name: str, database: Database, vectors: Matrix, queries: Matrix) -> None:
    """Print recall and times of searches."""
    for words, pattern in AMONG.items():
        ending = (pattern or "").strip("%")
        own = [number for number in range(len(vectors)) if subject(number).endswith(ending)]
        for n in (10, 50):
            recalls, seconds = [], []
            for query in queries:
                nearest_ones = nearest(query, [subject(each) for each in own], vectors[own], n)
                found, taken = await timed(search(database, query, n, pattern))
                expected = {each.subject for each in nearest_ones}
                recalls.append(len(expected & {each.subject for each in found}) / len(expected))
                seconds.append(taken * 1_000)
            print(
                f"{name:10} {words:12} {n:3} of {len(own):,}: recall {mean(recalls):.4f} "
                f"(least {min(recalls):.2f}), {mean(seconds):.1f} ms a search, "
                f"95 % below {quantiles(seconds, n=20)[-1]:.1f} ms",
                flush=True,
            )


async def main(count: int) -> None:
    """Load, index and search."""
    examples = list(example_products())
    embedded = await EmbeddedModel().embed([text_of(each) for each in examples])
    real = np.stack([unit(each) for each in embedded.vectors])
    vectors, queries = lookalikes(real, count, seed=1), lookalikes(real, QUERIES, seed=2)
    with postgres_server(upgrade) as server:
        database = Database(server.url(await server.create()))
        async with database.engine.begin() as connection:
            await connection.execute(text("DROP INDEX optional_ix_gifting_vectors_384"))
            # With less, an index of this size is made on the disk, in several times the time.
            own = await connection.scalar(text("SELECT current_database()"))
            await connection.execute(text(f"ALTER DATABASE {own} SET maintenance_work_mem = '512MB'"))
        _, loading = await timed(load(database, vectors))
        _, indexing = await timed(make_index(database, real.shape[1]))
        async with database.engine.begin() as connection:
            await connection.execute(text("ANALYZE"))
            size = await connection.scalar(
                text("SELECT pg_size_pretty(pg_relation_size('optional_ix_gifting_vectors_384'))")
            )
        print(
            f"{count:,} vectors: stored in {loading:.0f} s, indexed in {indexing:.0f} s, index of {size}",
            flush=True,
        )
        await measure("PostgreSQL", database, vectors, queries)
        await database.dispose()
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite+aiosqlite:///{Path(folder)}/recall.db")
        await upgrade(database)
        await load(database, vectors)
        await measure("SQLite", database, vectors, queries[:5])
        await database.dispose()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else PRODUCTS))
