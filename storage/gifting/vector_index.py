"""The index of vectors on PostgreSQL: a column of the extension pgvector, beside the numbers that all have.

A database without the extension has neither the column nor the index, and searches compare all vectors. What
only some databases have begins with `optional_`: the comparison of schemas leaves that out.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import (
    ARRAY,
    REAL,
    Boolean,
    ColumnElement,
    Select,
    bindparam,
    cast,
    literal_column,
    select,
    text,
)
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.domain.gifting.similarity import Vector, from_bytes
from mainspring.storage.database import Database, Session
from mainspring.storage.dialect import is_postgresql
from mainspring.storage.tables.base import PgVector
from mainspring.storage.tables.gifting import VectorRow

COLUMN = "optional_embedding"

# pgvector's own limit for an index of 32-bit numbers; https://github.com/pgvector/pgvector#hnsw (0.8).
MOST_DIMENSIONS = 2_000

# So many candidates the index looks at before the filters: more find more of the nearest, and take longer.
EF_SEARCH = 400

# Rows whose column is filled in one transaction.
PAGE = 1_000

_IS_THERE = text(
    "SELECT count(*) FROM pg_attribute WHERE attrelid = to_regclass('gifting_vectors') "
    f"AND attname = '{COLUMN}' AND NOT attisdropped"
)
_FILL = text(
    f"UPDATE gifting_vectors SET {COLUMN} = CAST(:numbers AS vector) "
    "WHERE workspace = :workspace AND kind = :kind AND subject = :subject"
).bindparams(bindparam("numbers", type_=ARRAY(REAL)))
_SETTINGS = text(
    "SELECT set_config('hnsw.iterative_scan', 'strict_order', true), "
    "set_config('hnsw.ef_search', :ef_search, true)"
)
_IS_AVAILABLE = text("SELECT count(*) FROM pg_available_extensions WHERE name = 'vector'")


def index_of(dimensions: int) -> str:
    """Return the statement that makes the index of the products' vectors of a size."""
    size = int(dimensions)
    return (
        f"CREATE INDEX IF NOT EXISTS optional_ix_gifting_vectors_{size} ON gifting_vectors "
        f"USING hnsw (({COLUMN}::vector({size})) vector_cosine_ops) "
        "WITH (m = 24, ef_construction = 200) "
        f"WHERE kind = 'product' AND vector_dims({COLUMN}) = {size}"
    )


def add_column(connection: Connection) -> bool:
    """Add the column where the extension is to be had; return whether it is there."""
    if connection.dialect.name != "postgresql" or not connection.scalar(_IS_AVAILABLE):
        return False
    try:
        with connection.begin_nested():
            connection.execute(text("CREATE EXTENSION IF NOT EXISTS vector"))
    except DBAPIError:  # it takes a right that this user may not have
        return False
    connection.execute(text(f"ALTER TABLE gifting_vectors ADD COLUMN IF NOT EXISTS {COLUMN} vector"))
    return True


async def has_column(session: AsyncSession) -> bool:
    """Whether the database has the column."""
    return is_postgresql(session) and bool(await session.scalar(_IS_THERE))


async def fill(session: AsyncSession, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the column of rows that have been stored, where the database has it."""
    if not rows or not await has_column(session):
        return
    keys = ("workspace", "kind", "subject")
    values = [
        {"numbers": from_bytes(row["vector"]).tolist(), **{key: row[key] for key in keys}} for row in rows
    ]
    await session.execute(_FILL, values)


async def nearest_rows(
    session: AsyncSession, query: Select[str, bytes], vector: Vector, limit: int
) -> list[tuple[str, bytes]]:
    """Return the rows of a query for products' vectors that the index finds nearest to a vector.

    The index goes on until `limit` rows are found that are among those of the query, or its patience is over.
    """
    size = len(vector)
    numbers = cast(bindparam("query_numbers", vector.tolist(), type_=ARRAY(REAL)), PgVector())
    # Literals: a plan that does not know them cannot know that the index may be used.
    own: ColumnElement[Any] = literal_column(f"gifting_vectors.{COLUMN}::vector({size})")
    is_indexed = literal_column(
        f"gifting_vectors.kind = 'product' AND vector_dims(gifting_vectors.{COLUMN}) = {size}", Boolean
    )
    await session.execute(_SETTINGS, {"ef_search": str(EF_SEARCH)})
    found = await session.execute(query.where(is_indexed).order_by(own.op("<=>")(numbers)).limit(limit))
    return [(subject, stored) for subject, stored in found]


async def make_index(database: Database, dimensions: int) -> bool:
    """Add the column and the index for vectors of a size, and fill the column; return whether they are there.

    For a database that got the extension after its schema, and for a model of another size. It may take
    minutes for a hundred thousand vectors, and searches compare all until then.
    """
    if database.is_sqlite or dimensions > MOST_DIMENSIONS:
        return False
    async with database.unhurried() as connection:
        async with connection.begin():
            if not await connection.run_sync(add_column):
                return False
        async with connection.begin():
            await connection.execute(text(index_of(dimensions)))
    while await database.transact(_fill_page):
        pass
    return True


async def _fill_page(session: Session) -> int:
    row = VectorRow
    query = select(row.workspace, row.kind, row.subject, row.vector).where(
        literal_column(f"gifting_vectors.{COLUMN} IS NULL", Boolean)
    )
    rows = (await session.execute(query.limit(PAGE).with_for_update())).mappings().all()
    await fill(session, [dict(each) for each in rows])
    return len(rows)
