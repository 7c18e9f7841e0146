"""Products from files and over HTTP."""

import json
from pathlib import Path

from mainspring.client.gifting.product_imports import import_catalogue
from mainspring.client.gifting.products import Products
from mainspring.contracts.api_keys import Role
from mainspring.contracts.tasks import TaskFilter
from tests.api import problem, served
from tests.product_jobs import EMBED, ENRICH
from tests.service import Service

CSV = """id,title,status,visible_to_gifter,brand_id,brand_name,price_cents,currency,gift_tags,description
p1,Backpack,published,yes,b1,Northwind,12900,EUR,outdoor; hiking ,For days
p2,Blender,published,true,,,9900,EUR,,
p3,Lamp,draft,no,,,,,,
p4,Bad,published,yes,,,99.5,EUR,,
"""
EXAMPLE = Path(__file__).parents[2] / "examples" / "gifting" / "products.jsonl"


async def test_a_file_is_loaded_and_loaded_again_starts_nothing(workerless: Service, tmp_path: Path) -> None:
    """Bad rows are told by their line; one description that is another one is one task of each job."""
    products = Products(workerless.database, workerless.jobs, workerless.clock, (ENRICH, EMBED))
    file = tmp_path / "products.csv"
    file.write_text(CSV)
    imported = await import_catalogue(products, file)
    assert (3, 1) == (imported.loaded, imported.bad)
    assert 5 == imported.rejected[0].line
    assert "price_cents" in imported.rejected[0].problem
    backpack = await products.product("p1")
    assert ("outdoor", "hiking") == backpack.gift_tags
    assert backpack.brand is not None
    assert "Northwind" == backpack.brand.name
    assert 4 == len(await workerless.tasks.find(TaskFilter(), limit=100))

    await import_catalogue(products, file)
    assert 4 == len(await workerless.tasks.find(TaskFilter(), limit=100))
    for task in await workerless.tasks.find(TaskFilter(), limit=100):
        await workerless.jobs.cancel(task.id)
    file.write_text(CSV.replace("For days", "For weeks"))
    await import_catalogue(products, file)
    found = await workerless.tasks.find(TaskFilter(), limit=100)
    assert {ENRICH.name, EMBED.name} == {each.job for each in found if not each.state.is_final}
    assert 6 == len(found)


async def test_the_example_is_a_catalogue(workerless: Service) -> None:
    """What the documentation imports has no bad row."""
    imported = await import_catalogue(workerless.products, EXAMPLE)
    assert (0, None) == (imported.bad, imported.broken_off)
    assert 0 < imported.loaded


async def test_products_are_stored_listed_and_shown_over_http(workerless: Service) -> None:
    """A row of a future state is told with its index; another workspace has none of them."""
    rows = [json.loads(line) for line in EXAMPLE.read_text().splitlines()[:3]]
    late = rows[0] | {"id": "late", "changed_at": "2999-01-01T00:00:00Z"}
    async with (
        served(workerless) as api,
        api.caller(Role.OPERATOR, workspace="shop") as client,
        api.caller(Role.ADMIN, workspace="other") as other,
    ):
        answer = await client.post("/v1/gifting/products", json={"items": [*rows, late]})
        assert 3 == answer.json()["stored"], answer.text
        (rejected,) = answer.json()["rejected"]
        assert 3 == rejected["index"]
        assert rejected["problem"].startswith("changed_at: '2999-01-01T00:00:00+00:00' is not accepted")

        page = (await client.get("/v1/gifting/products", params={"limit": 2, "is_shown": True})).json()
        assert sorted(each["id"] for each in rows)[:2] == [each["id"] for each in page["items"]]
        shown = (await client.get(f"/v1/gifting/products/{rows[0]['id']}")).json()
        assert (rows[0]["title"], rows[0]["brand"]["name"]) == (shown["title"], shown["brand"]["name"])
        problem(await other.get(f"/v1/gifting/products/{rows[0]['id']}"), 404)
