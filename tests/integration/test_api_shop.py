"""Products, users, wishes, accounts and inventories over HTTP."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from mainspring.contracts.api_keys import Role
from mainspring.contracts.cards import Tracked
from mainspring.domain.cards import Card, Variant
from mainspring.storage.cards import CatalogueRepository
from mainspring.storage.database import Database, Session
from tests.api import Api, problem
from tests.ledger_writes import NOON

LAMP = {"name": "Lamp", "url": "https://shop.example/lamp", "currency": "EUR", "price_cents": 9_900}
CSV = {"Content-Type": "text/csv"}


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Give a caller with an operator's key of a workspace."""
    async with api.caller(Role.OPERATOR, workspace="shop") as client:
        yield client


async def pages(client: httpx.AsyncClient, path: str, **params: str) -> list[dict[str, Any]]:
    """Return a list, read by pages of two."""
    items: list[dict[str, Any]] = []
    after: dict[str, str] = {}
    while True:
        page = (await client.get(path, params={"limit": 2, **params, **after})).json()
        assert len(page["items"]) <= 2
        items += page["items"]
        if page["next"] is None:
            return items
        after = {"after": page["next"]}


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_products_users_and_wishes_are_stored_listed_and_removed(
    client: httpx.AsyncClient, service_database: Database
) -> None:
    """Bad rows are told by their index and the others stored; what is removed takes its wishes along."""
    lamps = [{"id": f"lamp/{number}", **LAMP} for number in range(5)]
    answer = await client.post("/v1/products", json={"items": [*lamps, {"id": "x", "price_cents": 9.5}]})
    assert 5 == answer.json()["stored"]
    ((index, said),) = [each.values() for each in answer.json()["rejected"]]
    assert 5 == index
    assert "price_cents: 9.5 is not accepted: a whole number of minor units" in said
    people = [{"id": each, "email": f"{each}@example.org", "name": None} for each in ("anna", "bo")]
    assert {"stored": 2, "rejected": []} == (await client.post("/v1/users", json={"items": people})).json()
    wishes = [{"user_id": u, "product_id": p["id"]} for u in ("anna", "bo", "cy") for p in lamps]
    answer = await client.post("/v1/wishes", json={"items": wishes})
    assert (10, 5) == (answer.json()["stored"], len(answer.json()["rejected"]))
    unknown = "user_id: 'cy' is not accepted: a user that was imported"
    assert {"index": 10, "problem": unknown} == answer.json()["rejected"][0]

    assert [each["id"] for each in lamps] == [each["id"] for each in await pages(client, "/v1/products")]
    assert ["anna", "bo"] == [each["id"] for each in await pages(client, "/v1/users")]
    assert 10 == len(await pages(client, "/v1/wishes"))
    assert 5 == len(await pages(client, "/v1/wishes", user_id="bo"))
    (wish,) = await pages(client, "/v1/wishes", user_id="bo", product_id="lamp/3")
    assert (9_900, "EUR") == (wish["price_when_added_cents"], wish["currency"])

    assert 9_900 == (await client.get("/v1/products/lamp%2F1")).json()["price_cents"]
    assert 204 == (await client.delete("/v1/products/lamp%2F1")).status_code
    problem(await client.get("/v1/products/lamp%2F1"), 404)
    assert 204 == (await client.delete("/v1/users/anna")).status_code
    problem(await client.delete("/v1/users/anna"), 404)
    gone = {"user_id": "bo", "product_id": "lamp/0"}
    assert 204 == (await client.delete("/v1/wishes", params=gone)).status_code
    problem(await client.delete("/v1/wishes", params=gone), 404)
    assert ["lamp/2", "lamp/3", "lamp/4"] == [
        each["product_id"] for each in await pages(client, "/v1/wishes")
    ]
    assert service_database.engine.dialect.name in {"sqlite", "postgresql"}


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_an_account_is_followed_and_filled(
    api: Api, client: httpx.AsyncClient, service_database: Database
) -> None:
    """Its key is never shown; what it holds has the price of a variant that is known by slug or uuid."""
    async with api.caller(workspace="shop") as admin:
        account = (await client.post("/v1/accounts", json={"name": "store", "api_key": "geheim-1"})).json()
        problem(await client.post("/v1/accounts", json={"name": "store"}), 409)
        problem(await client.post("/v1/accounts", json={"name": "b", "plan": "Gold"}), 422)
        there = f"/v1/accounts/{account['id']}"
        problem(await client.put(f"{there}/key", json={"api_key": None}), 403)
        log = (await admin.get("/v1/audit")).text
        assert {"tasks_told": 0} == (await admin.put(f"{there}/key", json={"api_key": "geheim-2"})).json()
    assert "geheim" not in log + (await client.get(there)).text + (await client.get("/v1/accounts")).text
    assert 200 == (await client.put(f"{there}/plan", json={"plan": "Starter"})).status_code
    assert 200 == (await client.post(f"{there}/lift-block")).status_code
    assert [account | {"plan": "Starter"}] == await pages(client, "/v1/accounts")

    for kind in Tracked:
        followed = await client.post(f"{there}/tracked/{kind}", json={"ids": ["c", "a/b", "d"]})
        assert 204 == followed.status_code
        assert 204 == (await client.delete(f"{there}/tracked/{kind}/a%2Fb")).status_code
        assert ["c", "d"] == [each["id"] for each in await pages(client, f"{there}/tracked/{kind}")]

    await service_database.transact(store_card)
    rows = [{"reference": "r", "variant_id": each, "quantity": 1} for each in ("slug", "uuid", "other")]
    loaded = await client.post(f"{there}/inventory", json={"items": [*rows, {"reference": "r"}]})
    assert (3, [3]) == (loaded.json()["stored"], [each["index"] for each in loaded.json()["rejected"]])
    table = "reference,variant_id,quantity\nq,slug,2\nq,slug,many\n"
    loaded = await client.post(f"{there}/inventory/csv", content=table, headers=CSV)
    assert (1, [3]) == (loaded.json()["stored"], [each["index"] for each in loaded.json()["rejected"]])
    problem(await client.post(f"{there}/inventory/csv", content="a,b", headers=CSV), 422)
    assert [("q", "slug", 250), ("r", "other", None), ("r", "slug", 250), ("r", "uuid", 250)] == [
        (each["reference"], each["variant_id"], each["price_cents"])
        for each in await pages(client, f"{there}/inventory")
    ]


async def store_card(session: Session) -> None:
    """Store a card with a variant that costs 2.50."""
    variant = Variant("uuid", "slug", "Near Mint", "Foil", "English", None, 250, NOON, {})
    card = Card("card", "card", "Karn", "Magic", "set", "Set", None, None, None, None, None, None, (variant,))
    await CatalogueRepository(session).store_cards([card], now=NOON)


async def test_occasions_and_devices_are_stored_shown_and_removed(client: httpx.AsyncClient) -> None:
    """An occasion comes with the timeline of its reminders; a device without its token."""
    await client.post("/v1/users", json={"items": [{"id": "anna", "email": "anna@example.org"}]})
    day = {"user_id": "anna", "title": "Birthday", "date": "2090-05-03", "offsets": [1]}
    items = [{"id": "b/1", **day}, {"id": "b/2", **day, "user_id": "cy"}, {"id": "b/3", **day, "date": "x"}]
    answer = (await client.post("/v1/gifting/occasions", json={"items": items})).json()
    assert (1, [1, 2]) == (answer["stored"], [each["index"] for each in answer["rejected"]])
    assert "date: 'x' is not accepted: a date such as" in answer["rejected"][1]["problem"]
    assert ["b/1"] == [each["id"] for each in await pages(client, "/v1/gifting/occasions", user_id="anna")]
    timeline = (await client.get("/v1/gifting/occasions/b%2F1")).json()
    assert [("2090-05-02T09:00:00Z", "QUEUED")] == [
        (each["remind_at"], each["state"]) for each in timeline["reminders"]
    ]
    assert 204 == (await client.delete("/v1/gifting/occasions/b%2F1")).status_code
    problem(await client.get("/v1/gifting/occasions/b%2F1"), 404)

    device = {"user_id": "anna", "token": "secret-token", "platform": "ios"}
    assert 1 == (await client.post("/v1/devices", json={"items": [device]})).json()["stored"]
    listed = await client.get("/v1/devices", params={"user_id": "anna"})
    assert "secret-token" not in listed.text
    (found,) = listed.json()["items"]
    assert 204 == (await client.delete(f"/v1/devices/{found['id']}")).status_code
    problem(await client.delete(f"/v1/devices/{found['id']}"), 404)
