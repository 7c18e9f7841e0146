"""The audit log: each change is there with who made it, for those whose workspace it was made in."""

import asyncio

import pytest
from structlog.testing import capture_logs

from mainspring.client.audit import Audit
from mainspring.contracts.api_keys import Role
from mainspring.storage.database import Database
from mainspring.testing.shifted_clock import ShiftedClock
from tests.api import Api, problem
from tests.service import Service

ACCOUNT = "7f0c3f6e-1a53-4b66-9a3f-0f6c0f0d2a11"
FLOW = {"steps": [{"name": "prices", "job": "update-inventory-prices", "input": {"account_id": ACCOUNT}}]}
START = "/v1/jobs/run-flow"


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_a_change_is_noted_with_who_made_it(api: Api, service_database: Database) -> None:
    """Key, operation, request and subject are there; the input is not. Pages follow each other."""
    async with api.caller(workspace="shop") as own:
        started = await own.post(START, json={"input": FLOW}, headers={"X-Request-Id": "r-1"})
        await own.post(f"{START}/bulk", json={"items": [{"input": FLOW}, {"input": {"steps": []}}]})
        first = (await own.get("/v1/audit", params={"limit": 1})).json()
        below = (await own.get("/v1/audit", params={"limit": 1, "after": first["next"]})).json()

    (bulk,), (start,) = first["items"], below["items"]
    assert ("start_jobs", "job run-flow") == (bulk["action"], bulk["subject"])
    assert {"started": 1, "deduplicated": 0, "refused": 1} == bulk["after"]
    assert "(test admin)" == start["actor"].removeprefix("key ")[9:]
    assert ("start_job", f"task {started.json()['id']}") == (start["action"], start["subject"])
    assert ("r-1", None) == (start["request_id"], start["before"])
    assert {"job": "run-flow", "deduplicated": False} == start["after"]
    assert below["next"] is None
    assert service_database.engine.dialect.name in {"sqlite", "postgresql"}


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_changes_are_found_by_who_what_and_when(api: Api, service_database: Database) -> None:
    """Each by itself, and by beginnings of subjects and parts of actors that have no wildcards."""
    async with api.caller(workspace="shop") as own:
        started = (await own.post(START, json={"input": FLOW})).json()
        await own.post(f"/v1/tasks/{started['id']}/token")
        entries = (await own.get("/v1/audit")).json()["items"]
        for params, found in (
            ({"action": "make_token"}, [0]),
            ({"subject": "task"}, [0, 1]),
            ({"subject": f"task {started['id'][:8]}", "action": "start_job"}, [1]),
            ({"subject": "t%k"}, []),
            ({"actor": "test admin"}, [0, 1]),
            ({"actor": "nobody"}, []),
            ({"since": entries[0]["at"]}, [0]),
            ({"until": entries[0]["at"]}, [1]),
        ):
            listed = (await own.get("/v1/audit", params=params)).json()["items"]
            assert [entries[place] for place in found] == listed, params
    assert service_database.engine.dialect.name in {"sqlite", "postgresql"}


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_a_start_and_its_entry_are_one_transaction(api: Api, service_database: Database) -> None:
    """Of calls with one idempotency key that come together, and of a repeated one, one has an entry."""
    async with api.caller(workspace="shop") as own:
        key = {"Idempotency-Key": "order 7"}
        starts = [own.post(START, json={"input": FLOW}, headers=key) for _ in range(3)]
        ids = {each.json()["id"] for each in await asyncio.gather(*starts)}
        ids.add((await own.post(START, json={"input": FLOW}, headers=key)).json()["id"])
        (entry,) = (await own.get("/v1/audit")).json()["items"]

    assert {entry["subject"].removeprefix("task ")} == ids
    assert service_database.engine.dialect.name in {"sqlite", "postgresql"}


async def test_each_workspace_sees_its_own_log(api: Api) -> None:
    """Neither entries nor cursors of another are known; the installation's log is the platform's."""
    async with api.caller() as platform, api.caller(workspace="shop") as own:
        await platform.post(START, json={"input": FLOW})
        await platform.post(START, json={"input": FLOW}, headers={"Mainspring-Workspace": "shop"})
        ((theirs,), (mine,)) = [(await client.get("/v1/audit")).json()["items"] for client in (platform, own)]
        assert theirs["subject"] != mine["subject"]
        problem(await own.get("/v1/audit", params={"after": theirs["id"]}), 422)
        problem(await own.get("/v1/audit", params={"scope": "installation"}), 403)
        assert [] == (await platform.get("/v1/audit", params={"scope": "installation"})).json()["items"]
    async with api.caller(Role.OPERATOR) as operator:
        problem(await operator.get("/v1/audit"), 403)


async def test_what_is_alike_before_and_after_is_left_out(workerless: Service) -> None:
    """Two snapshots say what has changed."""
    audit = workerless.platform_audit
    before, after = {"paused": False, "zone": "UTC"}, {"paused": True, "zone": "UTC", "reason": "sale"}
    await audit.note("somebody", "pause_schedule", "schedule x", before=before, after=after)
    (entry,) = await audit.find()
    assert ({"paused": False}, {"paused": True, "reason": "sale"}) == (entry.before, entry.after)


async def test_an_entry_that_cannot_be_written_is_in_the_log(clock: ShiftedClock) -> None:
    """The change was made, so the caller sees no error; the process's log has what is missing."""
    nowhere = Database("postgresql+asyncpg://nobody@127.0.0.1:1/nothing")
    with capture_logs() as logs:
        await Audit(nowhere, clock, workspace="shop").note("key a", "cancel_task", "task 1", after={"a": 1})
    await nowhere.dispose()

    assert ["audit entry not written"] == [each["event"] for each in logs]
    said = {"log_level": "error", "workspace": "shop", "actor": "key a", "subject": "task 1"}
    assert said.items() <= logs[0].items()
