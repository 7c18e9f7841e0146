"""Vectors of texts: stored by the model that made them, and searched for what is near."""

import asyncio
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import uuid4

from sqlalchemy import ColumnElement, Select, delete, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from mainspring.contracts.gifting.vectors import VectorKind
from mainspring.domain.gifting.similarity import (
    Candidate,
    Vector,
    from_bytes,
    matrix,
    nearest,
    to_bytes,
    unit,
)
from mainspring.storage.dialect import chunks, is_postgresql, upsert
from mainspring.storage.gifting.vector_index import fill, has_column, nearest_rows
from mainspring.storage.repository import Repository
from mainspring.storage.tables.gifting import VectorRow, VectorStampRow

# Some may be as near as the last one: which of them has the place is for their order to say.
BEYOND = 50

# Of 100,000 products the index found 95 of 100 where a filter left 1,000: to compare these takes less time.
FEW = 5_000


class NewVector(NamedTuple):
    """The vector of a subject's text, of any length: its direction is stored."""

    subject: str
    model: str
    text_hash: str
    vector: Sequence[float]


class StoredVector(NamedTuple):
    """The vector of a subject, and of what it is."""

    model: str
    text_hash: str
    vector: Vector


class VectorRepository(Repository):
    """The vectors of a workspace, inside the caller's transaction. Storing the same again changes nothing."""

    def __init__(self, session: AsyncSession, workspace: str) -> None:
        super().__init__(session)
        self._workspace = workspace

    async def store(self, kind: VectorKind, vectors: Sequence[NewVector], *, now: datetime) -> None:
        """Insert or overwrite the vectors of subjects.

        Raises ValueError: when a vector has no direction, or a number that is not finite.
        """
        rows = [
            {
                "workspace": self._workspace,
                "kind": kind.value,
                "subject": each.subject,
                "model": each.model,
                "text_hash": each.text_hash,
                "vector": to_bytes(unit(each.vector)),
                "updated_at": now,
            }
            for each in vectors
        ]
        if rows:
            await upsert(self._session, VectorRow, rows)
            await fill(self._session, rows)
            await self._stamp(kind)

    async def hashes(self, kind: VectorKind, subjects: Collection[str]) -> dict[str, tuple[str, str]]:
        """Return, for subjects that have a vector, the model and the hash of the text that it is of."""
        found: dict[str, tuple[str, str]] = {}
        for chunk in chunks(sorted(subjects)):
            query = select(VectorRow.subject, VectorRow.model, VectorRow.text_hash)
            rows = await self._session.execute(query.where(self._is_of(kind), VectorRow.subject.in_(chunk)))
            found |= {subject: (model, text_hash) for subject, model, text_hash in rows}
        return found

    async def get(self, kind: VectorKind, subject: str) -> StoredVector | None:
        """Return the vector of a subject; None when it has none."""
        query = select(VectorRow).where(self._is_of(kind), VectorRow.subject == subject)
        row = await self._session.scalar(query)
        return None if row is None else StoredVector(row.model, row.text_hash, from_bytes(row.vector))

    async def of_subjects(self, kind: VectorKind, subjects: Collection[str]) -> dict[str, Vector]:
        """Return the vectors of those of these subjects that have one, of the model that most have one of."""
        found: dict[str, dict[str, Vector]] = {}
        for chunk in chunks(sorted(subjects)):
            query = select(VectorRow.model, VectorRow.subject, VectorRow.vector)
            rows = await self._session.execute(query.where(self._is_of(kind), VectorRow.subject.in_(chunk)))
            for model, subject, stored in rows:
                found.setdefault(model, {})[subject] = from_bytes(stored)
        return max(found.values(), key=len, default={})

    async def models(self, kind: VectorKind) -> set[str]:
        """Return the models that have made the vectors."""
        return set(await self._session.scalars(select(VectorRow.model).where(self._is_of(kind)).distinct()))

    async def remove(self, kind: VectorKind, subjects: Collection[str]) -> None:
        """Remove the vectors of subjects; those that have none are no matter."""
        for chunk in chunks(sorted(subjects)):
            await self._session.execute(
                delete(VectorRow).where(self._is_of(kind), VectorRow.subject.in_(chunk))
            )
        if subjects:
            await self._stamp(kind)

    async def nearest(
        self, kind: VectorKind, vector: Vector, n: int, *, model: str, among: Select[str] | None = None
    ) -> list[Candidate]:
        """Return the `n` subjects that are most like a vector, the nearest first; ties by subject.

        `among` selects the ids of the subjects that may be found; without it all may.
        """
        query = select(VectorRow.subject, VectorRow.vector).where(self._is_of(kind), VectorRow.model == model)
        if among is not None:
            query = query.where(VectorRow.subject.in_(among))
        rows = [] if await self._are_few(among) else await self._indexed(kind, query, vector, n)
        if len(rows) < n:  # there is no index, it has given up before it found so many, or there are no more
            rows = [(subject, stored) for subject, stored in await self._session.execute(query)]
        # The numbers of the rows decide, whoever has found them: an index adds up otherwise than we do.
        return await asyncio.to_thread(_nearest, vector, rows, n) if rows else []

    async def _are_few(self, among: Select[str] | None) -> bool:
        """Whether so few may be found that all are compared sooner than an index meets them."""
        if among is None or not is_postgresql(self._session):
            return False
        counted = select(func.count()).select_from(among.limit(FEW + 1).subquery())
        return (await self._session.scalar(counted) or 0) <= FEW

    async def _indexed(
        self, kind: VectorKind, query: Select[str, bytes], vector: Vector, n: int
    ) -> list[tuple[str, bytes]]:
        if kind is not VectorKind.PRODUCT or not await has_column(self._session):
            return []
        return await nearest_rows(self._session, query, vector, n + BEYOND)

    async def _stamp(self, kind: VectorKind) -> None:
        key = {"workspace": self._workspace, "kind": kind.value}
        await upsert(self._session, VectorStampRow, [key | {"stamp": uuid4().hex}])

    def _is_of(self, kind: VectorKind) -> ColumnElement[bool]:
        return (VectorRow.workspace == self._workspace) & (VectorRow.kind == kind.value)


def _nearest(vector: Vector, rows: Sequence[tuple[str, bytes]], n: int) -> list[Candidate]:
    return nearest(vector, [subject for subject, _ in rows], matrix([stored for _, stored in rows]), n)
