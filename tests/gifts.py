"""A small catalogue of gifts with vectors, for tests."""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from mainspring.contracts.gifting.vectors import VectorKind
from mainspring.contracts.shop.catalogue import CatalogueProduct
from mainspring.domain.gifting.texts import text_hash
from mainspring.gateways.embeddings import Embeddings
from mainspring.storage.database import Database, Session
from mainspring.storage.gifting import NewVector, VectorRepository
from mainspring.storage.shop import CatalogueRepository
from mainspring.testing import ServiceUnderTest

FILE = Path(__file__).parents[1] / "examples/gifting/products.jsonl"

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def example_products() -> Iterator[CatalogueProduct]:
    """Give the products of the example file."""
    for line in FILE.read_text().splitlines():
        yield CatalogueProduct.model_validate_json(line)


def text_of(product: CatalogueProduct) -> str:
    """Return what is embedded of an example."""
    return f"{product.title}\n{product.short_description}\nTags: {', '.join(product.gift_tags)}"


async def stock(
    database: Database,
    embeddings: Embeddings,
    products: Collection[CatalogueProduct],
    *,
    workspace: str = "default",
) -> None:
    """Store products with their vectors."""
    embedded = await embeddings.embed([text_of(each) for each in products])
    vectors = [
        NewVector(each.id, embeddings.model, text_hash(text_of(each)), vector)
        for each, vector in zip(products, embedded.vectors, strict=True)
    ]

    async def write(session: Session) -> None:
        await CatalogueRepository(session, workspace).store(list(products), now=NOW)
        await VectorRepository(session, workspace).store(VectorKind.PRODUCT, vectors, now=NOW)

    await database.transact(write)


async def complete(
    service: ServiceUnderTest, profile_id: str, answers: Mapping[str, object], user_id: str = ""
) -> None:
    """Complete a profile, and wait until it is embedded; a worker runs."""
    done = await service.taste_profiles.complete_taste_profile(profile_id, user_id or profile_id, answers)
    assert done.task_id is not None
    await service.wait(done.task_id)


def product_named(title: str, **changes: object) -> CatalogueProduct:
    """Return the example whose title begins so, with changes."""
    (found,) = (each for each in example_products() if each.title.startswith(title))
    return found.model_copy(update=changes)
