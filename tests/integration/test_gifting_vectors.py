"""Vectors in the database: stored by text and model, found by what they are near to."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select

from mainspring.contracts.gifting.vectors import VectorKind
from mainspring.domain.gifting.similarity import unit
from mainspring.storage.database import Database
from mainspring.storage.gifting import NewVector, VectorRepository
from mainspring.storage.tables.gifting import VectorRow

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
MODEL = "toy"


async def store(
    database: Database, vectors: dict[str, Sequence[float]], *, workspace: str = "a", model: str = MODEL
) -> None:
    """Store the vectors of products, of texts whose hash is the product's id."""
    new = [NewVector(subject, model, f"hash of {subject}", each) for subject, each in vectors.items()]
    await database.transact(
        lambda session: VectorRepository(session, workspace).store(VectorKind.PRODUCT, new, now=NOW)
    )


async def test_vectors_are_stored_with_text_and_model(database: Database) -> None:
    """A second vector of a subject takes the place of the first; other subjects and workspaces stay."""
    await store(database, {"lamp": [3, 4], "rug": [1, 0]})
    await store(database, {"lamp": [0, 2]}, model="other")
    await store(database, {"lamp": [1, 1]}, workspace="b")

    async with database.session() as session:
        vectors = VectorRepository(session, "a")
        hashes = await vectors.hashes(VectorKind.PRODUCT, ["lamp", "rug", "vase"])
        lamp = await vectors.get(VectorKind.PRODUCT, "lamp")
        assert await vectors.get(VectorKind.PROFILE, "lamp") is None
        assert {MODEL, "other"} == await vectors.models(VectorKind.PRODUCT)
    assert {"lamp": ("other", "hash of lamp"), "rug": (MODEL, "hash of rug")} == hashes
    assert lamp is not None
    assert ("other", "hash of lamp", [0, 1]) == (lamp.model, lamp.text_hash, lamp.vector.tolist())


async def test_the_nearest_are_found_within_the_workspace(database: Database) -> None:
    """Of the same model, among those that the caller selects; equals in the order of their ids."""
    await store(database, {"lamp": [1, 0], "torch": [1, 0], "rug": [0, 1], "vase": [1, 1]})
    await store(database, {"old": [1, 0]}, model="other")
    await store(database, {"foreign": [1, 0]}, workspace="b")
    not_lamp = select(VectorRow.subject).where(VectorRow.subject != "lamp")

    async with database.session() as session:
        vectors, query = VectorRepository(session, "a"), unit([1, 0.1])
        found = await vectors.nearest(VectorKind.PRODUCT, query, 3, model=MODEL)
        others = await vectors.nearest(VectorKind.PRODUCT, query, 3, model=MODEL, among=not_lamp)
        assert [] == await vectors.nearest(VectorKind.PROFILE, query, 3, model=MODEL)
    assert ["lamp", "torch", "vase"] == [each.subject for each in found]
    assert ["torch", "vase", "rug"] == [each.subject for each in others]


async def test_removed_vectors_are_not_found(database: Database) -> None:
    """Those of other subjects stay; to remove what is not there is harmless."""
    await store(database, {"lamp": [1, 0], "rug": [0, 1]})
    await database.transact(
        lambda session: VectorRepository(session, "a").remove(VectorKind.PRODUCT, ["lamp", "vase"])
    )

    async with database.session() as session:
        found = await VectorRepository(session, "a").nearest(VectorKind.PRODUCT, unit([1, 0]), 3, model=MODEL)
    assert ["rug"] == [each.subject for each in found]
