"""Bulk writes that both databases understand."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import JSON, Boolean, ColumnElement, String, bindparam, case, column, func, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

from mainspring.storage.tables import Base

T = TypeVar("T")
Insert = postgresql.Insert | sqlite.Insert

# One executemany of 1,000 rows was ten times faster than one statement with 1,000 rows of VALUES.
CHUNK = 1_000


def insert_into(session: AsyncSession, row: type[Base]) -> Insert:
    """Return an INSERT of the session's database, which knows ON CONFLICT."""
    return _insert(row, is_postgresql=is_postgresql(session))


def insert_new(session: AsyncSession, row: type[Base]) -> Insert:
    """Return an INSERT of the session's database that leaves out the rows whose keys are there."""
    return _insert_new(row, is_postgresql=is_postgresql(session))


@cache
def _insert_new(row: type[Base], *, is_postgresql: bool) -> Insert:
    # Built once: to build a statement and to look for it among the compiled ones costs more than to send it.
    return _insert(row, is_postgresql=is_postgresql).on_conflict_do_nothing()


def _insert(row: type[Base], *, is_postgresql: bool) -> Insert:
    return postgresql.insert(row) if is_postgresql else sqlite.insert(row)


def is_postgresql(session: AsyncSession) -> bool:
    """Whether the session's database is PostgreSQL, not SQLite."""
    return session.get_bind().dialect.name == "postgresql"


def greatest(session: AsyncSession, *values: Any) -> ColumnElement[Any]:
    """Return the greatest of some values, as the session's database says it."""
    return func.greatest(*values) if is_postgresql(session) else func.max(*values)


def chunks(rows: Iterable[T], size: int = CHUNK) -> Iterator[list[T]]:
    """Cut `rows` into lists of at most `size`."""
    remaining = iter(rows)
    while chunk := list(islice(remaining, size)):
        yield chunk


async def upsert(
    session: AsyncSession,
    row: type[Base],
    values: Sequence[dict[str, Any]],
    *,
    keep: frozenset[str] = frozenset(),
    keep_unsaid: frozenset[str] = frozenset(),
) -> None:
    """Insert `values`, or overwrite those whose primary key is there, except for the columns in `keep`.

    A column in `keep_unsaid` is kept where the row's `says_COLUMN` is false. Of two values with the same key
    the last one is written, as if the first one had been there. Rows are written in the order of their keys,
    so that two writers of the same rows never deadlock.
    """
    on_postgresql = is_postgresql(session)
    in_arrays = on_postgresql and not keep_unsaid and not _has_json(row)
    for chunk in chunks(_by_key(row, values, keep, keep_unsaid)):
        columns = tuple(chunk[0])
        if in_arrays:
            arrays = {name: [each[name] for each in chunk] for name in columns}
            await session.execute(_upsert_arrays(row, columns, keep), arrays)
        else:
            statement = _upsert_rows(row, columns, keep, keep_unsaid, is_postgresql=on_postgresql)
            await session.execute(statement, chunk)


def _by_key(
    row: type[Base], values: Iterable[dict[str, Any]], keep: Collection[str], keep_unsaid: Collection[str]
) -> list[dict[str, Any]]:
    """Return one value for each key, in the order of the keys."""
    keys = [column.name for column in inspect(row).primary_key]
    merged: dict[tuple[str, ...], dict[str, Any]] = {}
    for value in values:
        key = tuple(str(value[name]) for name in keys)
        before = merged.get(key)
        if before is None:
            merged[key] = value
            continue
        unsaid = [name for name in keep_unsaid if not value[f"says_{name}"]]
        kept = [*keep, *unsaid, *(f"says_{name}" for name in unsaid)]
        merged[key] = value | {name: before[name] for name in kept}
    return [value for _, value in sorted(merged.items())]


@cache
def _upsert_arrays(row: type[Base], columns: tuple[str, ...], keep: frozenset[str]) -> Insert:
    """Return an upsert that takes an array for each column: PostgreSQL is asked once for all rows."""
    table = Base.metadata.tables[row.__tablename__]
    types = {name: _without_length(table.c[name].type) for name in columns}
    arrays = [bindparam(name, type_=postgresql.ARRAY(types[name])) for name in columns]
    rows = func.unnest(*arrays).table_valued(*(column(name, types[name]) for name in columns), name="rows")
    insert = postgresql.insert(table).from_select(list(columns), select(*rows.render_derived().c))
    return _overwriting(insert, row, {name: insert.excluded[name] for name in columns if name not in keep})


@cache
def _has_json(row: type[Base]) -> bool:
    # A list in an array of JSON values would be sent as an array of arrays.
    return any(isinstance(column.type, JSON) for column in inspect(row).columns)


def _without_length(kind: TypeEngine[Any]) -> TypeEngine[Any]:
    # A text that is cast to VARCHAR(n) is cut without a word; the column itself refuses one that is too long.
    return String() if isinstance(kind, String) else kind


@cache
def _upsert_rows(
    row: type[Base],
    columns: tuple[str, ...],
    keep: frozenset[str],
    keep_unsaid: frozenset[str],
    *,
    is_postgresql: bool,
) -> Insert:
    """Return an upsert that is run for each row."""
    insert = _insert(row, is_postgresql=is_postgresql)
    kept = {*keep, *(f"says_{name}" for name in keep_unsaid)}
    overwritten: dict[str, ColumnElement[Any]] = {
        name: insert.excluded[name] for name in columns if name not in kept
    }
    for name in keep_unsaid:
        says = bindparam(f"says_{name}", type_=Boolean)
        overwritten[name] = case((says, overwritten[name]), else_=getattr(row, name))
    # Without it rows are cut into a statement for each run of the same absent values.
    return _overwriting(insert, row, overwritten).execution_options(render_nulls=True)


def _overwriting(insert: Insert, row: type[Base], values: Mapping[str, ColumnElement[Any]]) -> Insert:
    keys = [column.name for column in inspect(row).primary_key]
    others = {name: value for name, value in values.items() if name not in keys}
    if not others:
        return insert.on_conflict_do_nothing(index_elements=keys)
    return insert.on_conflict_do_update(index_elements=keys, set_=others)
