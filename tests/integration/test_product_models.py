"""Enriching and embedding products: what is asked of models, what is kept, what it costs, and each fault."""

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from temporalio.client import Client

from mainspring.client.gifting.models import Models
from mainspring.contracts.gifting.enrichment import Enrichment, PriceBand, WhySkipped
from mainspring.contracts.gifting.products import EmbedProduct, EnrichProduct
from mainspring.contracts.gifting.vectors import VectorKind
from mainspring.contracts.models import ModelRun, RunOutcome
from mainspring.contracts.shop.catalogue import Brand, CatalogueProduct
from mainspring.contracts.tasks import Task, TaskFilter, TaskState
from mainspring.emulators.claude import ClaudeEmulator, ClaudeFault
from mainspring.emulators.embeddings import EmbeddingsEmulator
from mainspring.storage.database import Database
from mainspring.storage.gifting import EnrichmentRepository, GiftRepository, VectorRepository
from mainspring.storage.models import ModelRunRepository
from mainspring.storage.shop import CatalogueRepository
from mainspring.testing import ServiceUnderTest, eventually, idle_service
from mainspring.workflows.gifting.products import EMBED_PRODUCT, ENRICH_PRODUCT

MODEL = "claude-haiku-5-5"
MORNING = datetime(2026, 12, 1, 9, tzinfo=UTC)


@pytest_asyncio.fixture
async def claude() -> AsyncIterator[ClaudeEmulator]:
    """Run Claude."""
    async with ClaudeEmulator() as emulator:
        yield emulator


@pytest_asyncio.fixture
async def embeddings() -> AsyncIterator[EmbeddingsEmulator]:
    """Run the embeddings."""
    async with EmbeddingsEmulator() as emulator:
        yield emulator


@pytest_asyncio.fixture
async def service(
    temporal_client: Client,
    service_database: Database,
    tmp_path: Path,
    claude: ClaudeEmulator,
    embeddings: EmbeddingsEmulator,
    request: pytest.FixtureRequest,
) -> AsyncIterator[ServiceUnderTest]:
    """Give a service that is led to the emulators; an `indirect` parameter is the budget of a day."""
    settings: dict[str, Any] = {
        "claude_url": claude.address,
        "claude_api_key": claude.key,
        "embeddings_url": embeddings.base_url,
        "embeddings_api_key": embeddings.key,
        "embeddings_dimensions": embeddings.dimensions,
        "models_daily_budget": getattr(request, "param", "1"),
    }
    opened = idle_service(temporal_client, service_database, tmp_path, **settings)
    async with opened as service, service.worker():
        yield service


def product(number: int, description: str = "A light backpack for hikers", **fields: Any) -> CatalogueProduct:
    values: dict[str, Any] = {
        "id": f"p-{number:04}",
        "title": f"Trekking backpack {number}",
        "status": "published",
        "visible_to_gifter": True,
        "changed_at": MORNING,
        "description": description,
        "brand": Brand(id="northpeak", name="Northpeak"),
        "price_cents": 4_900,
        "currency": "EUR",
    }
    return CatalogueProduct(**values | fields)


async def store(service: ServiceUnderTest, *products: CatalogueProduct) -> None:
    now = service.clock.now()
    await service.database.transact(
        lambda session: CatalogueRepository(session, "default").store(products, now=now)
    )


async def process(service: ServiceUnderTest, products: Sequence[CatalogueProduct]) -> list[Task]:
    """Have products enriched and embedded; return the tasks, in their final states."""
    enriching = await service.jobs.start_many(
        ENRICH_PRODUCT, [EnrichProduct(product_id=p.id) for p in products]
    )
    embedding = await service.jobs.start_many(
        EMBED_PRODUCT, [EmbedProduct(product_id=p.id) for p in products]
    )
    return await finished(service, [*(each.id for each in enriching), *(each.id for each in embedding)])


async def finished(service: ServiceUnderTest, task_ids: Sequence[UUID]) -> list[Task]:
    """Return tasks in their final states; snoozes pass in no time."""

    async def look() -> list[Task]:
        service.clock.advance(timedelta(seconds=5))
        await service.relay()
        return [await service.tasks.get(each) for each in task_ids]

    return await eventually(look, lambda tasks: all(task.state.is_final for task in tasks))


async def enrichment(service: ServiceUnderTest, product_id: str = "p-0001") -> Enrichment | None:
    found = await service.database.read(
        lambda session: EnrichmentRepository(session, "default").of_ids([product_id])
    )
    return found.get(product_id)


async def runs(service: ServiceUnderTest) -> list[ModelRun]:
    return await service.database.read(
        lambda session: ModelRunRepository(session, "default").find(limit=1_000)
    )


async def test_products_are_enriched_once_and_embedded_in_few_calls(
    service: ServiceUnderTest, claude: ClaudeEmulator, embeddings: EmbeddingsEmulator
) -> None:
    """Again, nothing is asked; one changed description is one enrichment and one embedding."""
    products = [product(number) for number in range(30)]
    await store(service, *products)

    tasks = await process(service, products)

    assert {TaskState.SUCCESS} == {task.state for task in tasks}
    assert len(products) == claude.counts.calls
    assert len(products) == len(embeddings.texts)
    assert 3 >= embeddings.calls
    found = await enrichment(service)
    assert found is not None
    assert (MODEL, "v1", PriceBand.FROM_25) == (found.model, found.prompt_version, found.price_band)
    assert found.gift_tags
    assert found.short_description in embeddings.texts[0] or "backpack" in embeddings.texts[0]

    claude.reset()
    embeddings.reset()
    again = await process(service, products)
    assert {WhySkipped.ALREADY_ENRICHED.value, WhySkipped.UNCHANGED_HASH.value} == {
        (task.result or {})["skipped"] for task in again
    }
    assert (0, 0) == (claude.counts.calls, embeddings.calls)

    changed = product(7, "A heavy backpack for climbers", changed_at=MORNING + timedelta(hours=1))
    await store(service, changed)
    await process(service, products)
    assert (1, 1) == (claude.counts.calls, len(embeddings.texts))
    assert "climbers" in embeddings.texts[0]


async def test_every_call_is_a_run_whose_costs_add_up(
    service: ServiceUnderTest, claude: ClaudeEmulator
) -> None:
    """Answers of no use are charged for like others; what was never answered costs nothing."""
    products = [product(number, f"Product {number}") for number in range(6)]
    await store(service, *products)
    claude.faults.next(
        ClaudeFault.REFUSAL,
        ClaudeFault.TRUNCATED,
        ClaudeFault.INVALID,
        ClaudeFault.SERVER_ERROR,
        ClaudeFault.OVERLOADED,
    )

    started = await service.jobs.start_many(
        ENRICH_PRODUCT, [EnrichProduct(product_id=p.id) for p in products]
    )
    tasks = await finished(service, [each.id for each in started])

    kept = await runs(service)
    assert claude.counts.calls == len(kept)
    assert claude.counts.input_tokens[MODEL] == sum(run.usage.input_tokens for run in kept)
    assert claude.counts.output_tokens[MODEL] == sum(run.usage.output_tokens for run in kept)
    costs = [
        -(-(run.usage.input_tokens * 100_000 + run.usage.output_tokens * 500_000) // 1_000_000)
        for run in kept
    ]
    assert costs == [run.cost_micros for run in kept]
    failed = {task.error_type for task in tasks if task.state is TaskState.FAILED}
    assert {"AnswerRefused", "AnswerTruncated"} == failed
    assert set(RunOutcome) == {run.outcome for run in kept}
    assert kept == await service.models.runs(limit=1_000)
    elsewhere = Models(service.database, service.clock, workspace="another")
    assert [] == await elsewhere.runs()
    assert 0 == (await elsewhere.spend()).runs
    spend = await service.models.spend(kept[0].at.date())
    assert (len(kept), sum(costs)) == (spend.runs, spend.cost_micros)


@pytest.mark.parametrize(
    ("fault", "calls", "words"),
    [
        (ClaudeFault.REFUSAL, 1, "declined to answer"),
        (ClaudeFault.TRUNCATED, 1, "cut off"),
        (ClaudeFault.INVALID, 3, "another structure"),
        (ClaudeFault.BAD_REQUEST, 1, "never will be"),
    ],
)
async def test_a_useless_answer_never_loops(
    service: ServiceUnderTest, claude: ClaudeEmulator, fault: ClaudeFault, calls: int, words: str
) -> None:
    """The task fails and says what happened."""
    await store(service, product(1))
    claude.fault = fault

    started = await service.jobs.start(ENRICH_PRODUCT, EnrichProduct(product_id="p-0001"))
    (task,) = await finished(service, [started.id])

    assert (TaskState.FAILED, calls) == (task.state, claude.counts.calls)
    assert words in (task.error_message or "")
    assert None is await enrichment(service)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (ClaudeFault.UNAUTHORIZED, "MAINSPRING_CLAUDE_API_KEY"),
        (ClaudeFault.MODEL_UNKNOWN, "MAINSPRING_CLAUDE_MODEL"),
        (ClaudeFault.OVERLOADED, "too much to do"),
        (ClaudeFault.DROP, "did not answer"),
    ],
)
async def test_what_is_not_the_products_fault_is_waited_for(
    service: ServiceUnderTest,
    claude: ClaudeEmulator,
    embeddings: EmbeddingsEmulator,
    fault: ClaudeFault,
    words: str,
) -> None:
    """The task says why, and goes on when that is over; meanwhile the product is embedded as it is."""
    await store(service, product(1))
    claude.fault = fault
    enriching = await service.jobs.start(ENRICH_PRODUCT, EnrichProduct(product_id="p-0001"))
    await waits(service, enriching.id, lambda task: bool(task.errors))
    assert words in (await service.tasks.get(enriching.id)).errors[-1].message

    embedding = await service.jobs.start(EMBED_PRODUCT, EmbedProduct(product_id="p-0001"))
    (embedded,) = await finished(service, [embedding.id])
    assert (TaskState.SUCCESS, 1) == (embedded.state, len(embeddings.texts))

    claude.fault = None
    (enriched,) = await finished(service, [enriching.id])
    assert TaskState.SUCCESS is enriched.state
    await eventually(lambda: looked(service, embeddings), lambda texts: texts == 2)


async def looked(service: ServiceUnderTest, embeddings: EmbeddingsEmulator) -> int:
    service.clock.advance(timedelta(seconds=5))
    await service.relay()
    return len(embeddings.texts)


async def waits(service: ServiceUnderTest, task_id: UUID, is_so: Callable[[Task], bool]) -> Task:
    async def look() -> Task:
        service.clock.advance(timedelta(seconds=1))
        await service.relay()
        return await service.tasks.get(task_id)

    return await eventually(look, is_so)


@pytest.mark.parametrize("service", ["0.01"], indirect=True)
async def test_money_that_is_spent_is_waited_for_until_the_next_day(
    service: ServiceUnderTest, claude: ClaudeEmulator
) -> None:
    """The tasks are shown as WAITING with the reason, use up no attempt, and go on at midnight (UTC)."""
    products = [product(number, f"Product {number} " + "words " * 3_000) for number in range(30)]
    await store(service, *products)
    started = await service.jobs.start_many(
        ENRICH_PRODUCT, [EnrichProduct(product_id=p.id) for p in products]
    )
    ids = [each.id for each in started]
    day = service.clock.now().date()

    async def look() -> list[Task]:
        service.clock.advance(timedelta(seconds=1))
        await service.relay()
        return [await service.tasks.get(each) for each in ids]

    def rests(task: Task) -> bool:
        return task.state is TaskState.SUCCESS or task.waiting_for == "daily quota of language models"

    tasks = await eventually(look, lambda tasks: all(map(rests, tasks)))

    waiting = [task for task in tasks if task.state is TaskState.WAITING]
    done = [task for task in tasks if task.state is TaskState.SUCCESS]
    assert waiting
    assert done
    midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), UTC)
    assert all(task.resumes_at is not None and task.resumes_at >= midnight for task in waiting)
    assert 10_000 >= sum(run.cost_micros for run in await runs(service))
    assert [] == [task.errors for task in tasks if task.errors]

    for _ in range(10):
        service.clock.advance(timedelta(days=1))
        tasks = await eventually(look, lambda tasks: all(map(rests, tasks)))
        if all(task.state is TaskState.SUCCESS for task in tasks):
            break
    assert {TaskState.SUCCESS} == {task.state for task in await look()}
    assert len(products) == claude.counts.calls


async def test_what_is_gone_or_hidden_is_skipped_with_the_reason(
    service: ServiceUnderTest, claude: ClaudeEmulator, embeddings: EmbeddingsEmulator
) -> None:
    """Nothing is asked about it."""
    await store(service, product(1, status="draft"), product(2, visible_to_gifter=False))

    tasks = await process(service, [product(1), product(2), product(3)])

    reasons = [(task.result or {})["skipped"] for task in tasks]
    hidden = [WhySkipped.NOT_SHOWN.value] * 2 + [WhySkipped.NOT_FOUND.value]
    assert hidden * 2 == reasons
    assert (0, 0) == (claude.counts.calls, embeddings.calls)


async def test_a_prompt_that_is_forced_is_used_or_refused(service: ServiceUnderTest) -> None:
    """A version that is not there fails at once, with those that are."""
    await store(service, product(1))

    started = await service.jobs.start(
        ENRICH_PRODUCT, EnrichProduct(product_id="p-0001", prompt_version="v999")
    )
    (task,) = await finished(service, [started.id])

    assert TaskState.FAILED is task.state
    assert "known are v1" in (task.error_message or "")


async def test_a_product_that_was_hidden_meanwhile_gets_no_vector(
    service: ServiceUnderTest, embeddings: EmbeddingsEmulator
) -> None:
    """It is looked at again in the transaction that stores the vector."""
    await store(service, product(1))
    tasks = await process(service, [product(1)])
    assert {TaskState.SUCCESS} == {task.state for task in tasks}
    hashes = await service.database.read(
        lambda session: VectorRepository(session, "default").hashes(VectorKind.PRODUCT, ["p-0001"])
    )
    assert {"p-0001"} == set(hashes)
    assert embeddings.calls


async def test_a_product_that_comes_back_is_shown_as_it_is_now(
    service: ServiceUnderTest, claude: ClaudeEmulator, embeddings: EmbeddingsEmulator
) -> None:
    """What was changed while it was hidden is enriched and embedded; what was not is asked about no more."""
    hours = [MORNING - timedelta(days=60) + timedelta(hours=hour) for hour in range(5)]
    await saved(service, product(1, changed_at=hours[0]))
    assert (1, 1) == (claude.counts.calls, len(embeddings.texts))
    first = await enrichment(service)

    await saved(service, product(1, visible_to_gifter=False, changed_at=hours[1]))
    assert not await may_be_given(service)
    await saved(service, product(1, changed_at=hours[2]))
    assert await may_be_given(service)
    assert (1, 1) == (claude.counts.calls, len(embeddings.texts))

    climbers = "A heavy backpack for climbers"
    await saved(service, product(1, climbers, status="draft", changed_at=hours[3]))
    assert (1, 1) == (claude.counts.calls, len(embeddings.texts))
    await saved(service, product(1, climbers, changed_at=hours[4]))
    assert (2, 2) == (claude.counts.calls, len(embeddings.texts))
    assert "climbers" in embeddings.texts[-1]
    last = await enrichment(service)
    assert first is not None
    assert last is not None
    assert first.text_hash != last.text_hash


async def saved(service: ServiceUnderTest, state: CatalogueProduct) -> None:
    """Save a product, and have its jobs worked to their ends."""
    await service.products.save_product(state)
    tasks = await service.tasks.find(TaskFilter(), limit=100)
    await finished(service, [each.id for each in tasks])
    # An enrichment that is new has the product embedded again, if the text is another one by that.
    tasks = await service.tasks.find(TaskFilter(), limit=100)
    await finished(service, [each.id for each in tasks])


async def may_be_given(service: ServiceUnderTest) -> bool:
    """Whether a product is among the gifts."""
    found = await service.database.read(lambda session: GiftRepository(session, "default").of_ids(["p-0001"]))
    return bool(found)
