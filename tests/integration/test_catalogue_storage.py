"""The catalogue, on both databases."""

import asyncio
import random
from datetime import timedelta
from uuid import uuid4

from hypothesis import given
from hypothesis import strategies as st

from mainspring.contracts.shop.catalogue import CatalogueProduct, ProductFilter, StoredChange, Storing
from mainspring.storage.database import Database, Session
from mainspring.storage.shop import CatalogueRepository
from tests.catalogue import NOON, catalogued

TOLD = set(CatalogueProduct.model_fields)


async def store(
    database: Database, *products: CatalogueProduct, workspace: str = "default"
) -> list[StoredChange]:
    """Store products in one transaction."""
    return await database.transact(
        lambda session: CatalogueRepository(session, workspace).store(products, now=NOON)
    )


async def stored(database: Database, *, workspace: str = "default") -> list[CatalogueProduct]:
    """Return what a workspace has, as it was told."""
    found = await database.read(lambda session: CatalogueRepository(session, workspace).find(limit=1_000))
    return [CatalogueProduct(**each.model_dump(include=TOLD)) for each in found]


async def candidates(database: Database, **wanted: object) -> list[str]:
    """Return the ids that a filter lets through, which both ways of asking agree on."""
    given_filter = ProductFilter.model_validate(wanted)

    async def look(session: Session) -> tuple[list[str], set[str]]:
        repository = CatalogueRepository(session, "default")
        found = await repository.candidates(given_filter, limit=100)
        return [each.id for each in found], await repository.candidate_ids(given_filter)

    listed, ids = await database.read(look)
    assert ids == set(listed)
    return listed


async def test_what_is_stored_is_what_was_told(database: Database) -> None:
    """Brand, variants in their order, tags and times come back, and another workspace has none of them."""
    told = [catalogued(1), catalogued(2, brand=None, price_cents=None, currency=None, variants=())]
    await store(database, *told)

    assert told == await stored(database)
    assert [] == await stored(database, workspace="other")


async def test_an_older_state_is_dropped_and_the_same_state_changes_nothing(database: Database) -> None:
    """Each product goes by its own time, also within one page."""
    await store(database, catalogued(1, minute=5), catalogued(2, minute=5))

    changes = await store(
        database,
        catalogued(1, minute=4, title="Older"),
        catalogued(2, minute=5),
        catalogued(3, minute=1, title="Newer"),
        catalogued(3, minute=0, title="Older"),
    )

    assert [Storing.OLDER, Storing.UNCHANGED, Storing.CHANGED] == [each.storing for each in changes]
    assert ["Product 1", "Product 2", "Newer"] == [each.title for each in await stored(database)]


async def test_variants_are_replaced_and_count_as_no_change_to_a_model(database: Database) -> None:
    """A stock that moves is stored, and gives no model anything to read."""
    await store(database, catalogued(1))
    (change,) = await store(database, catalogued(1, minute=1, variants=[{"id": "m", "stock": 7}]))

    assert Storing.UNCHANGED is change.storing
    (product,) = await stored(database)
    assert [("m", 7)] == [(each.id, each.stock) for each in product.variants]


async def test_what_is_hidden_and_shown_again_is_seen(database: Database) -> None:
    """A product that is shown anew counts as changed, for it was not looked after meanwhile."""
    (first,) = await store(database, catalogued(1))
    (hidden,) = await store(database, catalogued(1, minute=1, visible_to_gifter=False))
    (shown,) = await store(database, catalogued(1, minute=2))

    assert (Storing.CHANGED, False, True) == (first.storing, first.was_shown, first.is_shown)
    assert (True, False) == (hidden.was_shown, hidden.is_shown)
    assert (Storing.CHANGED, False, True) == (shown.storing, shown.was_shown, shown.is_shown)


async def test_candidates_are_shown_and_let_through_by_every_filter(database: Database) -> None:
    """What is hidden is no candidate; what has no price is none where a price is asked for."""
    await store(
        database,
        catalogued(1, price_cents=100, is_featured=True),
        catalogued(2, price_cents=200, brand={"id": "acme", "name": "Acme"}),
        catalogued(3, price_cents=None, currency=None),
        catalogued(4, status="draft"),
        catalogued(5, visible_to_gifter=False),
    )
    await store(database, catalogued(6), workspace="other")

    assert ["p00001", "p00002", "p00003"] == await candidates(database)
    assert ["p00001"] == await candidates(database, max_price_cents=150)
    assert ["p00002"] == await candidates(database, min_price_cents=101)
    assert ["p00002"] == await candidates(database, brand_ids=["acme"])
    assert ["p00001"] == await candidates(database, is_featured=True)
    assert ["p00002", "p00003"] == await candidates(database, exclude_product_ids=["p00001", "p00005"])


async def test_a_brand_is_as_the_latest_product_tells_it(database: Database) -> None:
    """A product that is told of late does not rename the brand back."""
    await store(database, catalogued(1, minute=5, brand={"id": "b", "name": "New"}))
    await store(database, catalogued(2, minute=4, brand={"id": "b", "name": "Old"}))

    assert [{"New"}] == [{each.brand.name for each in await stored(database) if each.brand}]


async def test_concurrent_writers_of_one_product_end_in_the_latest_state(database: Database) -> None:
    """64 states at the same time, in any order: the latest one holds, whole, with its variants."""
    minutes = list(range(64))
    random.Random(11).shuffle(minutes)
    states = [catalogued(1, minute=each, variants=[{"id": f"v{each}"}]) for each in minutes]

    changes = await asyncio.gather(*(store(database, each) for each in states))

    (product,) = await stored(database)
    assert catalogued(1, minute=63, variants=[{"id": "v63"}]) == product
    assert 1 <= sum(change.storing is Storing.CHANGED for (change,) in changes)


async def test_pages_that_overlap_do_not_stop_each_other(database: Database) -> None:
    """Writers of the same products and brands, in opposite orders: all are stored, the latest holds."""
    brands = [{"id": f"b{number % 3}", "name": f"B{number % 3}"} for number in range(60)]
    pages = [
        [catalogued(number, minute=minute, brand=brands[number]) for number in range(60)]
        for minute in range(6)
    ]
    await asyncio.gather(
        *(store(database, *(page if index % 2 else page[::-1])) for index, page in enumerate(pages))
    )

    assert pages[-1] == await stored(database)


STATES = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.booleans()), min_size=1, max_size=12)


@given(STATES, st.randoms(use_true_random=False))
async def test_any_order_of_states_ends_in_the_latest(
    sqlite_database: Database, states: list[tuple[int, int, bool]], order: random.Random
) -> None:
    """However states are ordered and paged, each product ends in its latest one."""
    workspace = uuid4().hex
    latest: dict[int, CatalogueProduct] = {}
    told = []
    for position, (number, minute, is_shown) in enumerate(states):
        more = {"visible_to_gifter": is_shown, "title": f"{number} at {minute}"}
        state = catalogued(number, minute=minute, **more).model_copy(
            update={"changed_at": NOON + timedelta(minutes=minute, microseconds=position)}
        )
        told.append(state)
        if number not in latest or latest[number].changed_at < state.changed_at:
            latest[number] = state
    order.shuffle(told)
    while told:
        page, told = told[: (size := order.randint(1, 4))], told[size:]
        await store(sqlite_database, *page, workspace=workspace)

    expected = [latest[number] for number in sorted(latest)]
    assert expected == await stored(sqlite_database, workspace=workspace)
