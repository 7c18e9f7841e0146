"""Calls of the HTTP API: who may call, what a body may be, and starting a task."""

import asyncio
from typing import Any

import httpx
import pytest

from mainspring.contracts.api_keys import Role
from mainspring.storage.database import Database
from tests.api import Api, problem
from tests.visitor import visitor

SALE_CHECK = "/v1/jobs/wishlist-sale-check"
ACCOUNT = "7f0c3f6e-1a53-4b66-9a3f-0f6c0f0d2a11"
FLOW = {"steps": [{"name": "prices", "job": "update-inventory-prices", "input": {"account_id": ACCOUNT}}]}


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_a_task_is_started_and_looked_at(client: httpx.AsyncClient, service_database: Database) -> None:
    """The answer says where the task is; a second start of the key is the same task."""
    started = await client.post(SALE_CHECK, json={"input": {}, "priority": 1})
    again = await client.post(SALE_CHECK, json={})
    assert (202, False) == (started.status_code, started.json()["deduplicated"])
    assert (started.json()["id"], True) == (again.json()["id"], again.json()["deduplicated"])

    task = (await client.get(started.headers["location"])).json()
    assert ("wishlist-sale-check", "QUEUED", 1) == (task["job"], task["state"], task["priority"])
    assert task["triggered_by"].startswith("key ")
    listed = (await client.get("/v1/tasks", params={"state": "QUEUED"})).json()
    assert [task["id"]] == [each["id"] for each in listed["items"]]
    assert service_database.engine.dialect.name in {"sqlite", "postgresql"}


async def test_a_list_goes_on_where_the_page_above_ended(client: httpx.AsyncClient) -> None:
    """Each task is on one page."""
    bulk = await client.post("/v1/jobs/run-flow/bulk", json={"items": [{"input": FLOW}] * 5})
    seen: list[str] = []
    after: str | None = None
    for _ in range(3):
        params: dict[str, Any] = {"limit": 2} | ({"after": after} if after else {})
        page = (await client.get("/v1/tasks", params=params)).json()
        seen += [task["id"] for task in page["items"]]
        after = page["next"]
    assert after is None
    assert sorted(each["id"] for each in bulk.json()) == sorted(seen)


async def test_what_becomes_of_many_starts_is_told_in_their_order(client: httpx.AsyncClient) -> None:
    """Whether an input is accepted, starts later or has another priority, its answer is at its place."""
    items = [{"input": FLOW}, {"input": {}}, {"input": FLOW, "delay": "PT1H"}, {"input": FLOW, "priority": 1}]
    answers = (await client.post("/v1/jobs/run-flow/bulk", json={"items": items})).json()

    assert [True, False, True, True] == [each["error"] is None for each in answers]
    seen = [(await client.get(f"/v1/tasks/{answers[n]['id']}")).json() for n in (0, 2, 3)]
    assert [3, 3, 1] == [task["priority"] for task in seen]
    assert [False, True, False] == [task["starts_at"] is not None for task in seen]


async def test_a_repeated_bulk_start_is_answered_as_it_was(client: httpx.AsyncClient) -> None:
    """Also what was refused; of calls at the same time one starts the tasks. Another body is refused."""
    key, path = {"Idempotency-Key": "orders of May"}, "/v1/jobs/run-flow/bulk"
    body = {"items": [{"input": FLOW}, {"input": {}}, {"input": FLOW, "delay": "PT1H"}]}
    answers = await asyncio.gather(*(client.post(path, json=body, headers=key) for _ in range(3)))
    assert [202] * 3 == [each.status_code for each in answers]
    assert 1 == len({each.text for each in answers})
    assert [False, True, False] == [each["error"] is not None for each in answers[0].json()]
    assert 2 == len((await client.get("/v1/tasks")).json()["items"])
    problem(await client.post(path, json={"items": body["items"][:1]}, headers=key), 422)


async def test_a_repeated_call_is_answered_as_it_was(client: httpx.AsyncClient) -> None:
    """Whoever sends the key again, also at the same time, is told of the first task; another body is not."""
    key = {"Idempotency-Key": "order 7"}
    body = {"input": FLOW}
    answers = await asyncio.gather(
        *(client.post("/v1/jobs/run-flow", json=body, headers=key) for _ in range(5))
    )

    assert {202} == {each.status_code for each in answers}
    assert 1 == len({each.text for each in answers})
    assert 1 == len((await client.get("/v1/tasks")).json()["items"])
    other = await client.post("/v1/jobs/run-flow", json=body | {"priority": 1}, headers=key)
    assert "asked for something else" in problem(other, 422)["detail"]


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("", "no valid key"),
        ("Bearer", "no valid key"),
        ("Bearer ms_x", "no valid key"),
        ("Basic YTpi", "no valid key"),
    ],
)
async def test_without_a_key_nothing_is_told(api: Api, header: str, said: str) -> None:
    """Nothing but health is answered, and the answer names what is needed."""
    async with httpx.AsyncClient(
        base_url=api.url, headers={"Authorization": header} if header else {}
    ) as client:
        answer = await client.get("/v1/tasks")
        assert said in problem(answer, 401)["detail"]
        assert "Bearer" == answer.headers["www-authenticate"]
        assert 200 == (await client.get("/health")).status_code


async def test_a_revoked_key_is_refused_at_once(api: Api) -> None:
    """The next call is."""
    made = await api.service.platform_keys.create("gone", Role.ADMIN)
    async with visitor(base_url=api.url, headers={"Authorization": f"Bearer {made.text}"}) as client:
        assert 200 == (await client.get("/v1/tasks")).status_code
        await api.service.platform_keys.revoke(str(made.key.id))
        problem(await client.get("/v1/tasks"), 401)


async def test_a_workspaces_key_works_in_its_workspace_alone(api: Api, client: httpx.AsyncClient) -> None:
    """It neither sees what the default workspace has, nor starts what works for all."""
    task = (await client.post("/v1/jobs/run-flow", json={"input": FLOW})).json()["id"]
    async with api.caller(workspace="shop") as own:
        assert [] == (await own.get("/v1/tasks")).json()["items"]
        problem(await own.get(f"/v1/tasks/{task}"), 404)
        problem(await own.post(SALE_CHECK, json={}), 404)
        problem(await own.get("/v1/tasks", headers={"Mainspring-Workspace": "default"}), 403)
        mine = (await own.post("/v1/jobs/run-flow", json={"input": FLOW})).json()["id"]
    problem(await client.get(f"/v1/tasks/{mine}"), 404)
    there = await client.get(f"/v1/tasks/{mine}", headers={"Mainspring-Workspace": "shop"})
    assert "shop" == there.json()["workspace"]


async def test_a_role_says_what_may_be_done(api: Api) -> None:
    """A viewer starts nothing; an observer sees no payloads."""
    async with api.caller(Role.OPERATOR) as client:
        task = (await client.post("/v1/jobs/run-flow", json={"input": FLOW})).json()["id"]
    async with api.caller(Role.VIEWER) as client:
        refused = problem(await client.post("/v1/jobs/run-flow", json={"input": FLOW}), 403)
        assert "the key is of a viewer; this takes an operator" == refused["detail"]
        assert (await client.get(f"/v1/tasks/{task}")).json()["input"]
    async with api.caller(Role.OBSERVER) as client:
        assert {} == (await client.get(f"/v1/tasks/{task}")).json()["input"]
        assert {} == (await client.get("/v1/tasks")).json()["items"][0]["input"]


async def test_a_job_that_the_key_may_not_start_is_not_suggested(api: Api) -> None:
    """Nor is it among those that are listed: to the key there is no such job."""
    async with api.caller(workspace="shop") as own:
        detail = problem(await own.post(SALE_CHECK, json={}), 404)["detail"]
        assert "no job is called 'wishlist-sale-check'" in detail
        assert "did you mean" not in detail
        assert 1 == detail.count("wishlist-sale-check")
        near = problem(await own.post("/v1/jobs/run-flo", json={}), 404)
        assert "did you mean 'run-flow'?" in near["detail"]
        assert "run-flow" == near["facts"]["suggestion"]


@pytest.mark.parametrize(
    "job",
    ["deliver-webhook", "send-notifications", "reconcile-tasks", "relay-tasks", "nothing-like-it"],
)
async def test_what_is_no_callers_business_cannot_be_started(client: httpx.AsyncClient, job: str) -> None:
    """Neither by itself, nor as a step of a flow, nor as a step of a flow in a flow."""
    problem(await client.post(f"/v1/jobs/{job}", json={}), 404)
    inner = {"steps": [{"name": "a", "job": job, "input": {}}]}
    outer = {"steps": [{"name": "b", "job": "run-flow", "input": inner}]}
    for flow in (inner, outer):
        problem(await client.post("/v1/jobs/run-flow", json={"input": flow}), 422)
    assert [] == (await client.get("/v1/tasks")).json()["items"]


@pytest.mark.parametrize(
    ("body", "status", "field"),
    [
        (b"{", 400, None),
        (b"\xff", 400, None),
        (b'{"input": {"a": NaN}}', 400, None),
        (b'{"input": {"a": 1e999}}', 422, "body.input.a"),
        (b'{"input": {"a": "\\u0000"}}', 422, "body.input.a"),
        (b'{"input": {"b": ["\\ud800"]}}', 422, "body.input.b.0"),
        (b'{"input": {"\\udc00": 1}}', 422, "body.input.\\udc00"),
        (b'{"input": ' + b'{"a":' * 50 + b"1" + b"}" * 51, 422, None),
        (b"[" * 100_000, 422, None),
        (b'{"priority": ' + b"9" * 5_000 + b"}", 400, None),
        (b'{"priority": 7}', 422, "body.priority"),
        (b'{"wrong": 1}', 422, "body.wrong"),
        (b'{"input": {"steps": []}}', 422, "input.steps"),
        (b'{"input": {"steps": [{"name": "a", "job": "run-flow", "input": {}}]}}', 422, None),
        (b'{"input": {"a": "' + b"x" * 1_000_000 + b'"}}', 413, None),
    ],
)  # fmt: skip
async def test_a_body_that_is_not_accepted_is_told_where(
    client: httpx.AsyncClient, body: bytes, status: int, field: str | None
) -> None:
    """The problem names the field; nothing is stored."""
    answer = await client.post(
        "/v1/jobs/run-flow", content=body, headers={"Content-Type": "application/json"}
    )
    told = problem(answer, status)
    if field is not None:
        assert field in [each["field"] for each in told["errors"]]
    assert [] == (await client.get("/v1/tasks")).json()["items"]


async def test_another_kind_of_body_is_refused(client: httpx.AsyncClient) -> None:
    """JSON is what is taken."""
    problem(
        await client.post("/v1/jobs/run-flow", content=b"<a/>", headers={"Content-Type": "text/xml"}), 415
    )


async def test_every_answer_has_the_headers_of_a_careful_server(client: httpx.AsyncClient) -> None:
    """No page embeds an answer, and no cache keeps one; the caller's own request id comes back."""
    answer = await client.get("/v1/tasks", headers={"X-Request-Id": "abc-1"})
    assert "abc-1" == answer.headers["x-request-id"]
    assert "nosniff" == answer.headers["x-content-type-options"]
    assert "no-store" == answer.headers["cache-control"]
    assert "server" not in answer.headers


async def test_the_document_says_what_there_is(client: httpx.AsyncClient) -> None:
    """OpenAPI 3.1, an operation id for each operation, and problems as they are."""
    document = (await client.get("/v1/openapi.json")).json()
    assert document["openapi"].startswith("3.1")
    operations = [each for path in document["paths"].values() for each in path.values()]
    ids = [each["operationId"] for each in operations]
    assert len(set(ids)) == len(ids)
    assert {"start_job", "get_task", "list_tasks", "ready"} <= set(ids)
