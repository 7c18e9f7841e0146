"""Bulk writes that both databases understand."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cache
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import Boolean, ColumnElement, bindparam, case, inspect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.storage.tables import Base

T = TypeVar("T")
Insert = postgresql.Insert | sqlite.Insert

# One executemany of 1,000 rows was ten times faster than one statement with 1,000 rows of VALUES.
CHUNK = 1_000


def insert_into(session: AsyncSession, row: type[Base]) -> Insert:
    """Return an INSERT of the session's database, which knows ON CONFLICT."""
    if is_postgresql(session):
        return postgresql.insert(row)
    return sqlite.insert(row)


def insert_new(session: AsyncSession, row: type[Base]) -> Insert:
    """Return an INSERT of the session's database that leaves out the rows whose keys are there."""
    return _insert_new(row, is_postgresql=is_postgresql(session))


@cache
def _insert_new(row: type[Base], *, is_postgresql: bool) -> Insert:
    # Built once: to build a statement and to look for it among the compiled ones costs more than to send it.
    insert: Insert = postgresql.insert(row) if is_postgresql else sqlite.insert(row)
    return insert.on_conflict_do_nothing()


def is_postgresql(session: AsyncSession) -> bool:
    """Whether the session's database is PostgreSQL, not SQLite."""
    return session.get_bind().dialect.name == "postgresql"


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

    A column in `keep_unsaid` is kept where the row's `says_COLUMN` is false. Rows are written in the order of
    their keys, so that two writers of the same rows never deadlock.
    """
    keys = [column.name for column in inspect(row).primary_key]
    kept = {*keys, *keep, *(f"says_{name}" for name in keep_unsaid)}
    for chunk in chunks(sorted(values, key=lambda value: tuple(str(value[key]) for key in keys))):
        statement = insert_into(session, row)
        overwritten: dict[str, ColumnElement[Any]] = {
            name: statement.excluded[name] for name in chunk[0] if name not in kept
        }
        for name in keep_unsaid:
            says = bindparam(f"says_{name}", type_=Boolean)
            overwritten[name] = case((says, overwritten[name]), else_=getattr(row, name))
        if overwritten:
            statement = statement.on_conflict_do_update(index_elements=keys, set_=overwritten)
        else:
            statement = statement.on_conflict_do_nothing(index_elements=keys)
        # Without it rows are cut into a statement for each run of the same absent values.
        await session.execute(statement.execution_options(render_nulls=True), chunk)


def merged(
    rows: Iterable[dict[str, Any]], keys: tuple[str, ...], unsaid: Collection[str]
) -> list[dict[str, Any]]:
    """Return a row for each key, as if they were stored one after the other: the last wins.

    A column in `unsaid` is the one before's where the row's `says_COLUMN` is false, as in `upsert`.
    """
    merged: dict[tuple[str, ...], dict[str, Any]] = {}
    for row in rows:
        key = tuple(row[name] for name in keys)
        before = merged.get(key)
        if before is not None:
            for name in unsaid:
                if not row[f"says_{name}"]:
                    row |= {each: before[each] for each in (name, f"says_{name}")}
        merged[key] = row
    return list(merged.values())
