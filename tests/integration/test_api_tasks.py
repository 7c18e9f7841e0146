"""Tasks over HTTP: finding them, what became of them, cancelling and retrying, and tokens for browsers."""

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from mainspring.contracts.api_keys import Role
from mainspring.contracts.flows import OpenedStep
from mainspring.contracts.tasks import FinishTask, TaskError, TaskState
from mainspring.storage.database import Session
from mainspring.storage.ledger import ErrorLog, StepStore, TaskWriter
from tests.api import Api, problem
from tests.ledger_writes import FAILURE, NOON
from tests.visitor import visitor

ACCOUNT = "7f0c3f6e-1a53-4b66-9a3f-0f6c0f0d2a11"
STEP = {"name": "prices", "job": "update-inventory-prices", "input": {"account_id": ACCOUNT}}
FLOW = {"input": {"steps": [STEP]}}


async def started(client: httpx.AsyncClient, job: str = "run-flow", **body: Any) -> str:
    """Start a task; return its id."""
    answer = await client.post(f"/v1/jobs/{job}", json=(FLOW if job == "run-flow" else {}) | body)
    assert 202 == answer.status_code, answer.text
    task_id: str = answer.json()["id"]
    return task_id


async def end(
    api: Api, task_id: str, state: TaskState, *, error: TaskError | None = None, **result: Any
) -> None:
    """Write the end of a task."""
    message = FinishTask(task_id=UUID(task_id), state=state, result=result or None, error=error)
    assert await api.service.database.transact(
        lambda session: TaskWriter(session).finish(message, now=api.service.clock.now())
    )


async def listed(client: httpx.AsyncClient, **params: Any) -> set[str]:
    """Return the ids of a list."""
    answer = await client.get("/v1/tasks", params=params)
    assert 200 == answer.status_code, answer.text
    return {task["id"] for task in answer.json()["items"]}


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_a_list_is_of_what_is_asked_for(api: Api, client: httpx.AsyncClient) -> None:
    """Job, several states, and times; a time that is no time is told."""
    flow, check = await started(client), await started(client, "wishlist-sale-check")
    await end(api, flow, TaskState.SUCCESS)
    created = (await client.get(f"/v1/tasks/{check}")).json()["created_at"]

    assert {flow, check} == await listed(client, state=["QUEUED", "SUCCESS"])
    assert {check} == await listed(client, state=["QUEUED", "RUNNING"])
    assert {flow} == await listed(client, job="run-flow")
    assert set() == await listed(client, job="run-flow", state="QUEUED")
    assert {check} == await listed(client, created_since=created)
    assert {flow} == await listed(client, created_until=created)
    assert set() == await listed(client, parent=flow)
    told = problem(await client.get("/v1/tasks", params={"created_since": "2026-01-01T00:00:00"}), 422)
    assert "query.created_since" == told["errors"][0]["field"]


async def test_a_result_is_there_once_the_task_has_succeeded(api: Api, client: httpx.AsyncClient) -> None:
    """Before, and of a task that failed, the answer says why there is none."""
    done, failed = await started(client), await started(client)
    early = problem(await client.get(f"/v1/tasks/{done}/result"), 409)
    await end(api, done, TaskState.SUCCESS, sold=3)
    await end(api, failed, TaskState.FAILED, error=FAILURE)

    assert "is QUEUED: it has no result yet" in early["detail"]
    assert {"sold": 3} == (await client.get(f"/v1/tasks/{done}/result")).json()
    assert "failed: Refused: no" in problem(await client.get(f"/v1/tasks/{failed}/result"), 409)["detail"]
    async with api.caller(Role.OBSERVER) as observer:
        problem(await observer.get(f"/v1/tasks/{done}/result"), 403)


async def test_the_error_log_and_the_steps_are_read(api: Api, client: httpx.AsyncClient) -> None:
    """The log comes in pages, each entry once; an observer sees that there were errors, and not which."""
    task = UUID(await started(client))
    errors = [FAILURE.model_copy(update={"message": f"no {number}"}) for number in range(3)]

    async def write(session: Session) -> None:
        await StepStore(session).open(task, [OpenedStep(name="prices", weight=1)], now=NOON)
        await ErrorLog(session).append_all([(task, error) for error in errors])

    await api.service.database.transact(write)
    first = (await client.get(f"/v1/tasks/{task}/errors", params={"limit": 2})).json()
    second = (await client.get(f"/v1/tasks/{task}/errors", params={"after": first["next"]})).json()
    assert ["no 0", "no 1", "no 2"] == [each["message"] for each in first["items"] + second["items"]]
    assert second["next"] is None
    steps = (await client.get(f"/v1/tasks/{task}/steps")).json()
    assert [("prices", "pending")] == [(step["step"], step["status"]) for step in steps]
    async with api.caller(Role.OBSERVER) as observer:
        seen = (await observer.get(f"/v1/tasks/{task}/errors")).json()["items"]
    assert [("Refused", "", "")] * 3 == [
        (each["error_type"], each["message"], each["stack"]) for each in seen
    ]


async def test_a_task_is_cancelled_once(api: Api, client: httpx.AsyncClient) -> None:
    """A second call finds what was asked; one that has succeeded is past that."""
    task, done = await started(client), await started(client)
    await end(api, done, TaskState.SUCCESS)

    answer = await client.post(f"/v1/tasks/{task}/cancel")
    assert (202, task) == (answer.status_code, answer.json()["id"])
    assert (await client.get(f"/v1/tasks/{task}")).json()["cancel_requested_at"]
    assert 202 == (await client.post(f"/v1/tasks/{task}/cancel")).status_code
    assert "already" in problem(await client.post(f"/v1/tasks/{done}/cancel"), 409)["detail"]


async def test_many_are_cancelled_as_counted_before(client: httpx.AsyncClient) -> None:
    """A dry run counts; another count than that cancels nothing; what was asked counts no more."""
    first, second = await started(client), await started(client)
    other = await started(client, "wishlist-sale-check")
    body = {"filter": {"job": "run-flow"}}

    counted = (await client.post("/v1/tasks/cancel", json=body | {"dry_run": True})).json()
    assert {"count": 2, "more": False} == counted
    refused = problem(await client.post("/v1/tasks/cancel", json=body | {"expect": 3}), 409)
    assert "the filter finds 2" in refused["detail"]
    assert {"count": 2, "more": False} == (
        await client.post("/v1/tasks/cancel", json=body | {"expect": 2})
    ).json()
    asked = [(await client.get(f"/v1/tasks/{each}")).json() for each in (first, second, other)]
    assert [True, True, False] == [each["cancel_requested_at"] is not None for each in asked]
    assert 0 == (await client.post("/v1/tasks/cancel", json=body)).json()["count"]
    problem(await client.post("/v1/tasks/cancel", json={"filter": {}}), 422)


async def test_a_failed_task_is_retried_with_what_was_changed(api: Api, client: httpx.AsyncClient) -> None:
    """The new task has the changed field; an internal job does not get in by way of a step."""
    task = await started(client)
    problem(await client.post(f"/v1/tasks/{task}/retry"), 409)
    await end(api, task, TaskState.FAILED, error=FAILURE)

    inner = {"input": {"steps": [{"name": "a", "job": "reconcile-tasks", "input": {}}]}}
    problem(await client.post(f"/v1/tasks/{task}/retry", json=inner), 422)
    problem(await client.post(f"/v1/tasks/{task}/retry", json={"from_step": "nothing"}), 422)
    changed = {"input": {"steps": [STEP | {"name": "again"}]}}
    answer = await client.post(f"/v1/tasks/{task}/retry", json=changed)
    assert 202 == answer.status_code, answer.text
    retry = (await client.get(answer.headers["location"])).json()
    assert (task, "again") == (retry["retry_of"], retry["input"]["steps"][0]["name"])
    problem(await client.post(f"/v1/tasks/{task}/retry"), 409)


def bearer(api: Api, token: str) -> httpx.AsyncClient:
    """Return a caller that has nothing but a token."""
    return visitor(base_url=api.url, headers={"Authorization": f"Bearer {token}"})


async def test_a_token_opens_one_task(api: Api, client: httpx.AsyncClient) -> None:
    """In a header or in the query; nothing is written with the token, and no other task is seen."""
    task, other = await started(client), await started(client)
    token = (await client.post(f"/v1/tasks/{task}/token", json={"payloads": False})).json()["token"]

    async with bearer(api, token) as holder:
        assert {} == (await holder.get(f"/v1/tasks/{task}")).json()["input"]
        assert 200 == (await holder.get(f"/v1/tasks/{task}/errors")).status_code
        problem(await holder.get(f"/v1/tasks/{task}/result"), 403)
        problem(await holder.get(f"/v1/tasks/{other}"), 404)
        problem(await holder.get("/v1/tasks"), 401)
        problem(await holder.post(f"/v1/tasks/{task}/cancel"), 401)
        problem(await holder.post(f"/v1/tasks/{task}/token"), 401)
    async with visitor(base_url=api.url) as browser:
        seen = await browser.get(f"/v1/tasks/{task}", params={"access_token": token})
        assert task == seen.json()["id"]
        for wrong in ("", "mst_", f"{token}A", token.replace(".", ""), token[:-9] + "A" * 9, "ms_x"):
            problem(await browser.get(f"/v1/tasks/{task}", params={"access_token": wrong}), 401)


async def test_a_token_ends_with_its_time_and_with_its_key(api: Api) -> None:
    """At once when the key is revoked; one second after its last."""
    made = await api.service.platform_keys.create("maker", Role.OPERATOR)
    async with bearer(api, made.text) as maker:
        task = await started(maker)
        short, long = [
            (await maker.post(f"/v1/tasks/{task}/token", json={"expires_in": each})).json()["token"]
            for each in (60, 3_600)
        ]
        problem(await maker.post(f"/v1/tasks/{task}/token", json={"expires_in": 3_601}), 422)
    api.service.clock.advance(timedelta(minutes=2))  # type: ignore[attr-defined]  # it is a shifted one
    async with bearer(api, short) as first, bearer(api, long) as second:
        problem(await first.get(f"/v1/tasks/{task}"), 401)
        assert (await second.get(f"/v1/tasks/{task}")).json()["input"]
        await api.service.platform_keys.revoke(str(made.key.id))
        problem(await second.get(f"/v1/tasks/{task}"), 401)


async def test_another_workspaces_tasks_are_unknown(api: Api, client: httpx.AsyncClient) -> None:
    """Each route, and each reference in a filter."""
    task = await started(client)
    body: dict[str, Any] = {"filter": {"parent": task}}
    async with api.caller(workspace="shop") as own:
        for path in ("", "/result", "/steps", "/errors"):
            problem(await own.get(f"/v1/tasks/{task}{path}"), 404)
        for path in ("cancel", "retry", "token"):
            problem(await own.post(f"/v1/tasks/{task}/{path}"), 404)
        problem(await own.get("/v1/tasks", params={"after": task}), 404)
        assert set() == await listed(own, parent=task)
        assert 0 == (await own.post("/v1/tasks/cancel", json=body)).json()["count"]
        assert (
            0 == (await own.post("/v1/tasks/cancel", json={"filter": {"everything": True}})).json()["count"]
        )
    problem(await client.get(f"/v1/tasks/{uuid4()}/steps"), 404)
    assert (await client.get(f"/v1/tasks/{task}")).json()["cancel_requested_at"] is None
