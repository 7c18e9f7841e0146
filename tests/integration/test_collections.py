"""Collections: each product once, replaced whole, and readable at any time."""

import asyncio
import datetime as dt
from collections import Counter
from collections.abc import Sequence

import pytest

from mainspring.contracts.gifting.collections import (
    CollectionsGenerated,
    CollectionsOfDay,
    DraftCollection,
    GenerateCollections,
    GenerateDailyCollections,
    Surface,
    ThemeKind,
)
from mainspring.contracts.gifting.recommendations import GiftFilter, GiftProduct
from mainspring.contracts.shop.catalogue import CatalogueProduct
from mainspring.contracts.tasks import TaskFilter, TaskState
from mainspring.storage.database import Database
from mainspring.storage.gifting import CollectionRepository
from mainspring.workflows.gifting.collections import GENERATE, GENERATE_DAILY
from tests.gifts import NOW, example_products, product_named, stock
from tests.service import Service
from tests.toy_embeddings import ToyEmbeddings

DAY = dt.date(2026, 11, 29)
EXAMPLES = {each.id: each for each in example_products()}


@pytest.fixture
async def shop(workerless: Service) -> Service:
    """Give a service whose catalogue is the example's, with vectors."""
    await stock(workerless.database, ToyEmbeddings(), list(EXAMPLES.values()))
    return workerless


async def generated(service: Service, request: GenerateCollections) -> CollectionsGenerated:
    """Have collections made."""
    task = await service.wait(await service.gift_collections.generate(request))
    assert TaskState.SUCCESS == task.state, task.errors
    return CollectionsGenerated.restore(task.result)


def product_ids(day: CollectionsOfDay) -> list[str]:
    """Return the products of all collections."""
    return [each.id for collection in day.items for each in collection.items]


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_no_product_is_twice_on_a_surface(shop: Service) -> None:
    """Six collections of eight, each about something else, of what the surface is about."""
    async with shop.worker():
        for surface, kind in zip(Surface, ("interest", "style", "occasion"), strict=True):
            result = await generated(shop, GenerateCollections(surface=surface, date=DAY))
            day = await shop.gift_collections.collections(surface, DAY)

            assert (6, 48, DAY) == (result.collections, result.products, result.date)
            assert [8] * 6 == [len(each.items) for each in day.items]
            assert [] == [each for each, count in Counter(product_ids(day)).items() if count > 1]
            assert 6 == len({each.theme for each in day.items})
            assert kind == day.items[0].kind
            for each in day.items:
                assert each.theme.lower() in each.title.lower()
                tags = [{*p.gift_tags, *p.style_tags, *p.occasion_fit} for p in _examples(each.items)]
                assert all(each.theme in found for found in tags)


def _examples(items: Sequence[GiftProduct]) -> list[CatalogueProduct]:
    return [EXAMPLES[each.id] for each in items]


async def test_by_hand_with_count_size_and_filters(shop: Service) -> None:
    """Only what the filters let through; as many as asked for, as far as there are any."""
    request = GenerateCollections(
        surface=Surface.DISCOVERY,
        date=DAY,
        collections_count=8,
        products_per_collection=10,
        filters=GiftFilter(is_featured=True, max_price_cents=15_000),
    )
    async with shop.worker():
        result = await generated(shop, request)
    day = await shop.gift_collections.collections(Surface.DISCOVERY, DAY)
    found = [EXAMPLES[each] for each in product_ids(day)]

    assert result.products == len(found) > 0
    assert all(each.is_featured and (each.price_cents or 0) <= 15_000 for each in found)
    assert all(5 <= len(each.items) <= 10 for each in day.items)


async def test_a_day_is_replaced_whole_and_the_last_one_stays_until_then(shop: Service) -> None:
    """Yesterday's are shown while there are none of today; a second run replaces the first."""
    async with shop.worker():
        await generated(shop, GenerateCollections(surface=Surface.HOME, date=DAY))
        yesterday = await shop.gift_collections.collections(Surface.HOME, DAY + dt.timedelta(days=1))
        await generated(shop, GenerateCollections(surface=Surface.HOME, date=DAY + dt.timedelta(days=1)))
        small = GenerateCollections(surface=Surface.HOME, date=DAY, collections_count=2)
        await generated(shop, small)
    shown = shop.gift_collections

    assert DAY == yesterday.date
    assert DAY + dt.timedelta(days=1) == (await shown.collections(Surface.HOME, DAY.replace(year=2027))).date
    assert 2 == len((await shown.collections(Surface.HOME, DAY)).items)
    assert 6 == len((await shown.collections(Surface.HOME, DAY + dt.timedelta(days=1))).items)
    assert () == (await shown.collections(Surface.HOME, DAY - dt.timedelta(days=1))).items
    assert () == (await shown.collections(Surface.OCCASION, DAY)).items


async def test_a_product_that_is_hidden_leaves_collections(shop: Service) -> None:
    """At once, by whoever reads them; a collection of hidden products only is not shown."""
    async with shop.worker():
        await generated(shop, GenerateCollections(surface=Surface.HOME, date=DAY, collections_count=2))
        before = await shop.gift_collections.collections(Surface.HOME, DAY)
        first = [EXAMPLES[each.id] for each in before.items[0].items]
        hidden = [each.model_copy(update={"visible_to_gifter": False}) for each in first]
        await stock(shop.database, ToyEmbeddings(), hidden[1:])
        one_left = await shop.gift_collections.collections(Surface.HOME, DAY)
        await stock(shop.database, ToyEmbeddings(), hidden)
        after = await shop.gift_collections.collections(Surface.HOME, DAY)

    assert [hidden[0].id] == [each.id for each in one_left.items[0].items]
    assert [before.items[1]] == list(after.items)


async def test_where_nothing_can_be_made_what_is_there_stays(shop: Service) -> None:
    """A filter that lets nothing through is no reason to show nothing."""
    async with shop.worker():
        await generated(shop, GenerateCollections(surface=Surface.HOME, date=DAY))
        nothing = GiftFilter(brand_ids=("nobody",))
        result = await generated(shop, GenerateCollections(surface=Surface.HOME, date=DAY, filters=nothing))

    assert (0, 0) == (result.collections, result.products)
    assert 6 == len((await shop.gift_collections.collections(Surface.HOME, DAY)).items)


async def test_the_day_begins_with_a_task_for_each_surface_and_workspace(shop: Service) -> None:
    """Of the workspaces that show products, with the priority of what nobody waits for."""
    toy = ToyEmbeddings()
    await stock(shop.database, toy, list(EXAMPLES.values())[:60], workspace="two")
    await stock(shop.database, toy, [product_named("Silk tie", status="draft")], workspace="three")
    async with shop.worker():
        started = await shop.jobs.start(GENERATE_DAILY, GenerateDailyCollections())
        assert 6 == (await started.result()).started
        tasks = await shop.tasks.find(TaskFilter(job=GENERATE.name))
        await shop.wait_all(task.id for task in tasks)

    assert 3 == len(tasks)
    assert {(4, "generate-daily-collections")} == {(task.priority, task.triggered_by) for task in tasks}
    assert {"home", "discovery", "occasion"} == {task.input["surface"] for task in tasks}
    assert (await shop.within("two").gift_collections.collections(Surface.HOME)).date is not None
    assert GENERATE_DAILY.schedule is not None
    assert "0 2 * * *" == GENERATE_DAILY.schedule.when.words()


async def test_a_reader_never_sees_half_a_set(database: Database) -> None:
    """Whoever reads while others replace a day sees the collections of one of them."""

    def drafts(word: str, count: int) -> list[DraftCollection]:
        return [
            DraftCollection(kind=ThemeKind.STYLE, theme=word, title=word, product_ids=(f"{word}{number}",))
            for number in range(count)
        ]

    async def replace(word: str, count: int) -> None:
        await database.transact(
            lambda session: CollectionRepository(session, "a").replace(
                Surface.HOME, DAY, drafts(word, count), now=NOW
            )
        )

    async def read() -> tuple[str, int]:
        day = await database.read(
            lambda session: CollectionRepository(session, "a").latest(Surface.HOME, DAY)
        )
        assert day is not None
        (word,) = {each.theme for each in day.collections}
        return word, len(day.collections)

    await replace("w0", 3)
    seen = {("w0", 3), ("w1", 5), ("w2", 2), ("w3", 6)}
    for _ in range(5):
        found = await asyncio.gather(
            *(replace(f"w{n}", size) for n, size in ((1, 5), (2, 2), (3, 6))), *(read() for _ in range(10))
        )
        assert {each for each in found if each is not None} <= seen
    assert await read() in seen
