"""Taste profiles, recommendations and collections over HTTP."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import httpx
import pytest

from mainspring.contracts.api_keys import Role
from mainspring.contracts.gifting.enrichment import Enrichment
from mainspring.contracts.models import ModelRun, RunOutcome
from mainspring.gateways.embeddings import Embeddings
from mainspring.storage.database import Session
from mainspring.storage.gifting import EnrichmentRepository
from mainspring.storage.models import ModelRunRepository
from tests.api import Api, problem
from tests.catalogue import catalogued
from tests.furnished import model_run
from tests.gifts import example_products, stock
from tests.ledger_writes import NOON
from tests.service import Service
from tests.toy_embeddings import ToyEmbeddings

HIKER = {"user_id": "anna", "answers": {"interests": ["hiking"]}}


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Give a caller with an operator's key of the default workspace."""
    async with api.caller(Role.OPERATOR, workspace="default") as client:
        yield client


@pytest.fixture
def toy(workerless: Service) -> ToyEmbeddings:
    """Let the workers embed by a small model."""
    model = ToyEmbeddings()
    workerless.gateways[Embeddings] = model
    return model


async def test_a_profile_is_completed_and_recommended_for(
    workerless: Service, client: httpx.AsyncClient, toy: ToyEmbeddings
) -> None:
    """404 without a profile, 409 with the task's id before it is embedded, then gifts with reasons."""
    await stock(workerless.database, toy, list(example_products()))
    path = "/v1/gifting/profiles/anna/1"
    missing = problem(await client.get(f"{path}/recommendations"), 404)
    assert "Please complete onboarding" in missing["detail"]
    saved = await client.post(path, json=HIKER)
    assert 200 == saved.status_code, saved.text
    task_id = saved.json()["task_id"]
    assert f"/v1/tasks/{task_id}" == saved.headers["location"]
    early = problem(await client.get(f"{path}/recommendations"), 409)
    assert ("profile-in-process", task_id) == (early["code"], early["facts"]["task_id"])
    async with workerless.worker():
        await workerless.wait(UUID(task_id))

    asked = "n=3&max_price_cents=9000&occasions=Birthday&brand_ids=fjellvang&brand_ids=x"
    found = (await client.get(f"{path}/recommendations?{asked}")).json()
    assert 3 == len(found["items"])
    assert "matches hiking" in found["items"][0]["reason"]
    assert all(each["product"]["brand"] == "Fjellvang" for each in found["items"])
    assert saved.json()["profile"] == (await client.get(path)).json()
    assert ["anna/1"] == [each["id"] for each in (await client.get("/v1/gifting/profiles")).json()["items"]]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"user_id": "anna"}, "answers"),
        ({"user_id": "", "answers": {}}, "user_id"),
        ({"user_id": "anna", "answers": []}, "answers"),
        ({"user_id": "anna", "answers": {"q": "x" * 20_001}}, "answers"),
        ({"user_id": "anna", "answers": {}, "budget": 3}, "budget"),
    ],
)
async def test_a_profile_that_is_not_accepted_names_the_field(
    client: httpx.AsyncClient, body: dict[str, object], field: str
) -> None:
    """And nothing is stored."""
    refused = problem(await client.post("/v1/gifting/profiles/p1", json=body), 422)

    assert field in refused["detail"]
    problem(await client.get("/v1/gifting/profiles/p1"), 404)


async def test_profiles_of_others_are_left_alone(client: httpx.AsyncClient) -> None:
    """A second profile of a user, and the id of another user's, are refused; a removed one is gone."""
    assert 200 == (await client.post("/v1/gifting/profiles/p1", json=HIKER)).status_code
    second = problem(await client.post("/v1/gifting/profiles/p2", json=HIKER), 409)
    assert ("profile-exists", "p1") == (second["code"], second["facts"]["profile_id"])
    problem(await client.post("/v1/gifting/profiles/p1", json=HIKER | {"user_id": "ben"}), 422)
    assert 204 == (await client.delete("/v1/gifting/profiles/p1")).status_code
    problem(await client.delete("/v1/gifting/profiles/p1"), 404)


async def test_collections_are_made_and_read(
    workerless: Service, client: httpx.AsyncClient, toy: ToyEmbeddings
) -> None:
    """By hand with count, size and filters; read by surface and date."""
    await stock(workerless.database, toy, list(example_products()))
    body = {"surface": "home", "date": "2026-12-01", "collections_count": 2, "products_per_collection": 4}
    started = await client.post(
        "/v1/gifting/collections/generate", json=body | {"filters": {"is_featured": True}}
    )
    assert 202 == started.status_code, started.text
    async with workerless.worker():
        await workerless.wait(UUID(started.json()["task_id"]))
    path = "/v1/gifting/collections"
    shown = (await client.get(path, params={"surface": "home", "date": "2026-12-24"})).json()

    assert ("2026-12-01", 2) == (shown["date"], len(shown["items"]))
    assert all(item["is_featured"] for each in shown["items"] for item in each["items"])
    assert [] == (await client.get(path, params={"surface": "home", "date": "2026-11-30"})).json()["items"]
    problem(await client.get(path, params={"surface": "attic"}), 422)
    problem(await client.post(f"{path}/generate", json=body | {"collections_count": 0}), 422)


async def test_model_runs_are_listed_by_pages_with_what_a_day_has_cost(workerless: Service, api: Api) -> None:
    """The newest first, by purpose, subject and outcome, of the key's workspace; observers see none."""
    first = [
        model_run(f"p{number}", at=NOON + timedelta(minutes=number), cost_micros=number)
        for number in range(5)
    ]
    refused = model_run("p1", purpose="seo", outcome=RunOutcome.REFUSED, at=NOON + timedelta(days=1))
    await append(workerless, "default", *first, refused)
    await append(workerless, "two", model_run("p1"))
    path = "/v1/gifting/model-runs"
    async with api.caller(Role.VIEWER, workspace="default") as viewer:
        above = (await viewer.get(path, params={"limit": 4})).json()
        below = (await viewer.get(path, params={"limit": 4, "after": above["next"]})).json()
        for chosen in ("purpose=seo", "outcome=refused", "subject=p1&limit=1"):
            (found,) = (await viewer.get(f"{path}?{chosen}")).json()["items"]
            assert str(refused.id) == found["id"]
        spent = (await viewer.get(f"{path}/spend", params={"day": NOON.date().isoformat()})).json()
        problem(await viewer.get(path, params={"outcome": "lost"}), 422)
        problem(await viewer.get(path, params={"after": str(uuid4())}), 404)
        problem(await viewer.get(f"{path}/spend", params={"day": "today"}), 422)
    async with api.caller(Role.OBSERVER, workspace="default") as observer:
        problem(await observer.get(path), 403)

    expected = [refused, *first[::-1]]
    assert [each.model_dump(mode="json") for each in expected] == above["items"] + below["items"]
    assert None is below["next"]
    assert (5, 10, 2_000) == (spent["runs"], spent["cost_micros"], spent["usage"]["input_tokens"])


async def append(service: Service, workspace: str, *runs: ModelRun) -> None:
    """Write model runs of a workspace."""

    async def write(session: Session) -> None:
        for run in runs:
            await ModelRunRepository(session, workspace).append(run)

    await service.database.transact(write)


async def test_a_product_is_shown_with_what_models_have_made_of_it(workerless: Service, api: Api) -> None:
    """Its enrichment and the last five calls about it, of its workspace; observers see no calls."""
    runs = [model_run("p00001", at=NOON + timedelta(minutes=number)) for number in range(6)]
    made = Enrichment(
        product_id="p00001",
        text_hash="0" * 64,
        prompt_version="v1",
        model="claude-haiku-5-5",
        gift_tags=("walks",),
        updated_at=NOON,
    )
    for workspace in ("default", "two"):
        await workerless.within(workspace).products.save_products([catalogued(1), catalogued(2)])
    await append(workerless, "default", *runs, model_run("p00002"))
    await workerless.database.transact(lambda session: EnrichmentRepository(session, "default").store([made]))
    path = "/v1/gifting/products"
    async with api.caller(Role.VIEWER, workspace="default") as viewer:
        found = (await viewer.get(f"{path}/p00001")).json()
        other = (await viewer.get(f"{path}/p00002")).json()
    async with api.caller(Role.OBSERVER, workspace="default") as observer:
        seen = (await observer.get(f"{path}/p00001")).json()
    async with api.caller(Role.VIEWER, workspace="two") as stranger:
        apart = (await stranger.get(f"{path}/p00001")).json()

    assert made.model_dump(mode="json") == found["enrichment"] == seen["enrichment"]
    assert [str(each.id) for each in runs[:0:-1]] == [each["id"] for each in found["model_runs"]]
    assert (None, 1) == (other["enrichment"], len(other["model_runs"]))
    assert [] == seen["model_runs"]
    assert (None, []) == (apart["enrichment"], apart["model_runs"])
    assert "Northwind" == found["brand"]["name"]
