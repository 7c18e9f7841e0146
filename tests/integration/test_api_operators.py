"""What operators do over HTTP: schedules, failures, effects, quotas and webhooks."""

from collections.abc import AsyncIterator
from dataclasses import replace
from uuid import UUID, uuid4

import httpx
import pytest

from mainspring.contracts.api_keys import Role
from mainspring.contracts.tasks import FinishTask, TaskState
from mainspring.domain.cards.quota import JustTcgBudget, plan_named
from mainspring.storage.database import Database, Session
from mainspring.storage.ledger import TaskIntake, TaskWriter
from mainspring.storage.quota import QuotaRepository
from mainspring.workflows.run_flow import RUN_FLOW
from tests.api import Api, problem, served
from tests.furnished import FAILURE, Furnished, furnish
from tests.ledger_writes import NOON
from tests.service import Service

SHOP = "shop"
UNKNOWN = uuid4()


@pytest.fixture
async def shop(workerless: Service) -> Furnished:
    """Furnish the workspace of a service without a worker."""
    settings = workerless.settings.model_copy(update={"webhooks_allow_private": True})
    return await furnish(replace(workerless, settings=settings).within(SHOP))


@pytest.fixture
async def api(workerless: Service, shop: Furnished) -> AsyncIterator[Api]:
    """Serve the API of that service."""
    async with served(replace(workerless, settings=shop.service.settings)) as api:
        yield api


@pytest.fixture
async def own(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Give a caller with an admin's key of the workspace."""
    async with api.caller(workspace=SHOP) as client:
        yield client


@pytest.fixture
async def other(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """Give a caller with an admin's key of another workspace."""
    async with api.caller(workspace="elsewhere") as client:
        yield client


async def audited(client: httpx.AsyncClient, scope: str = "workspace") -> list[tuple[str, str]]:
    """Return which operations have changed what, the newest first."""
    entries = (await client.get("/v1/audit", params={"scope": scope})).json()["items"]
    return [(each["action"], each["subject"].partition(" ")[0]) for each in entries]


@pytest.mark.schedules
async def test_schedules_are_the_platforms(workerless: Service) -> None:
    """They are listed, previewed, paused, resumed, triggered and made up for; each change is noted."""
    async with served(workerless) as api, api.caller(Role.ADMIN) as client:
        missing = problem(await client.post("/v1/schedules/wishlist-sale-check/trigger"), 422)
        assert "is not in Temporal yet" in missing["detail"]
        await workerless.schedules.sync()
        path = "/v1/schedules/wishlist-sale-check"
        listed = {each["id"]: each for each in (await client.get("/v1/schedules")).json()}
        assert listed["wishlist-sale-check"]["paused"] is None

        held = (await client.post(f"{path}/pause", json={"reason": "stocktaking"})).json()
        assert "stocktaking" == held["paused"]["reason"]
        params: dict[str, str | int] = {"schedule": "wishlist-sale-check", "days": 2, "limit": 3}
        preview = (await client.get("/v1/schedules/preview", params=params)).json()
        assert (48, 3, True) == (preview["count"], len(preview["items"]), preview["items"][0]["paused"])
        assert (await client.post(f"{path}/resume")).json()["paused"] is None

        past = {"since": "2026-03-10T00:30:00Z", "until": "2026-03-10T02:30:00Z"}
        dry = (await client.post(f"{path}/backfill", json=past | {"dry_run": True})).json()
        assert (2, 2) == (dry["count"], len(dry["firings"]))
        assert 2 == (await client.post(f"{path}/backfill", json=past)).json()["count"]
        assert 202 == (await client.post(f"{path}/trigger")).status_code
        changes = ["trigger_schedule", "backfill_schedule", "resume_schedule", "pause_schedule"]
        assert changes == [each for each, _ in await audited(client, "installation")]

        problem(await client.post("/v1/schedules/none/trigger"), 404)
        turned = {"since": past["until"], "until": past["since"]}
        problem(await client.post(f"{path}/backfill", json=turned), 422)
        early = {"since": "0001-01-01T00:00:00Z", "until": "0001-01-02T00:00:00Z", "dry_run": True}
        problem(await client.post(f"{path}/backfill", json=early), 422)
        async with api.caller(workspace=SHOP) as own:
            problem(await own.get("/v1/schedules"), 403)
            problem(await own.post(f"{path}/trigger"), 403)


async def test_failures_are_replayed_and_dismissed(
    api: Api, shop: Furnished, own: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    """In groups, a part at a time; a dry run changes nothing; another workspace has none of them."""
    failed = await failed_tasks(shop, 3)
    groups = {each["job"]: each for each in (await own.get("/v1/failures")).json()}
    group = groups["run-flow"]
    assert (3, "no") == (group["count"], group["example_message"])
    path = f"/v1/failures/{group['fingerprint'][:12]}"
    first = (await own.get(f"{path}/tasks", params={"limit": 2})).json()
    rest = (await own.get(f"{path}/tasks", params={"limit": 2, "after": first["next"]})).json()
    assert sorted(map(str, failed)) == sorted(each["id"] for each in first["items"] + rest["items"])

    body = {"group": group["fingerprint"], "limit": 2, "rate": 100, "stop_when_it_returns": False}
    dry = (await own.post("/v1/failures/replay", json=body | {"dry_run": True})).json()
    assert (3, 2, []) == (dry["remaining"], dry["would_start"], dry["started"])
    done = (await own.post("/v1/failures/replay", json=body)).json()
    assert (2, 1) == (len(done["started"]), done["remaining"])
    assert {"dismissed": 1} == (await own.post("/v1/failures/dismiss", json={"job": "run-flow"})).json()
    assert ["dismiss_failures", "replay_failures"] == [action for action, _ in await audited(own)]

    problem(await own.post("/v1/failures/dismiss", json={}), 422)
    problem(await own.get(path), 404)
    mails = f"/v1/failures/{shop.group}"
    assert 200 == (await own.get(mails)).status_code
    for url in (mails, f"{mails}/tasks"):
        problem(await other.get(url), 404)
    problem(await other.post("/v1/failures/dismiss", json={"ids": [str(shop.failed)]}), 404)
    async with api.caller(Role.OBSERVER, workspace=SHOP) as observer:
        assert "" == (await observer.get(mails)).json()["example_message"]
        problem(await observer.post("/v1/failures/dismiss", json={"everything": True}), 403)


async def failed_tasks(shop: Furnished, count: int) -> list[UUID]:
    """Write failed tasks of a job that callers may start."""
    step = {"name": "a", "job": "update-inventory-prices", "input": {"account_id": str(uuid4())}}
    message = RUN_FLOW.input.model_validate({"steps": [step]})
    tasks = [RUN_FLOW.task(uuid4(), message, workspace=SHOP, triggered_by="test") for _ in range(count)]

    async def write(session: Session) -> None:
        await TaskIntake(session).enqueue(tasks, now=NOON)
        for each in tasks:
            finish = FinishTask(task_id=each.id, state=TaskState.FAILED, error=FAILURE)
            await TaskWriter(session).finish(finish, now=NOON)

    await shop.service.database.transact(write)
    return [each.id for each in tasks]


async def test_effects_are_looked_at_and_decided(
    api: Api, shop: Furnished, own: httpx.AsyncClient, other: httpx.AsyncClient
) -> None:
    """By state and page by page; only one of which nobody knows is decided, and only once."""
    path = f"/v1/effects/{shop.effect}"
    page = (await own.get("/v1/effects", params={"state": "unknown"})).json()
    assert ([str(shop.effect)], None) == ([each["id"] for each in page["items"]], page["next"])
    assert [] == (await own.get("/v1/effects", params={"after": str(shop.effect)})).json()["items"]
    assert [] == (await own.get("/v1/effects", params={"state": "sent"})).json()["items"]
    assert [] == (await own.get("/v1/effects", params={"kind": "another"})).json()["items"]
    assert {"unknown": 1} == (await own.get("/v1/effects/counts")).json()["states"]
    async with api.caller(Role.OBSERVER, workspace=SHOP) as observer:
        assert "" == (await observer.get(path)).json()["recipient"]
    problem(await other.get(path), 404)
    problem(await other.post(f"{path}/resolve", json={"decision": "sent"}), 404)
    problem(await other.get("/v1/effects", params={"after": str(shop.effect)}), 404)

    assert "sent" == (await own.post(f"{path}/resolve", json={"decision": "sent"})).json()["state"]
    problem(await own.post(f"{path}/resolve", json={"decision": "again"}), 422)
    assert [("resolve_effect", "effect")] == await audited(own)


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_webhooks_are_kept_over_http(
    shop: Furnished, own: httpx.AsyncClient, other: httpx.AsyncClient, service_database: Database
) -> None:
    """Added, given another secret, disabled, enabled and removed; secrets are in two answers only."""
    body = {"url": "http://127.0.0.1:9/hooks/s3cret", "states": ["FAILED"]}
    added = (await own.post("/v1/webhooks", json=body)).json()
    path = f"/v1/webhooks/{added['id']}"
    rotated = (await own.post(f"{path}/rotate-secret", json={"overlap": "PT1H"})).json()
    assert added["secret"] != rotated["secret"]
    assert rotated["former_secret_until"]
    disabled = (await own.post(f"{path}/disable", json={"reason": "rebuilt"})).json()
    assert "rebuilt" == disabled["disabled_because"]
    assert (await own.post(f"{path}/enable")).json()["disabled_at"] is None
    first = (await own.get("/v1/webhooks", params={"limit": 1})).json()
    second = (await own.get("/v1/webhooks", params={"limit": 1, "after": first["next"]})).json()
    assert [shop.webhook, added["id"]] == [each["id"] for each in first["items"] + second["items"]]

    for method, url in (
        ("GET", path),
        ("DELETE", path),
        ("POST", f"{path}/enable"),
        ("GET", f"{path}/deliveries"),
    ):
        problem(await other.request(method, url), 404)
    problem(await other.post(f"{path}/rotate-secret", json={}), 404)
    problem(await other.get("/v1/webhooks", params={"after": added["id"]}), 404)
    assert added["id"] == (await own.delete(path)).json()["id"]
    log = (await own.get("/v1/audit")).text
    for secret in (added["secret"], rotated["secret"], "s3cret"):
        assert secret not in log
    actions = [action for action, _ in await audited(own)]
    told = ["remove", "enable", "disable", "rotate", "add"]
    assert told == [action.partition("_")[0] for action in actions]
    assert service_database.engine.dialect.name in {"sqlite", "postgresql"}


async def test_the_deliveries_of_a_webhook_are_listed(
    api: Api, shop: Furnished, own: httpx.AsyncClient
) -> None:
    """Those of this webhook and their replays, the newest first; an observer sees no payloads."""
    await failed_tasks(shop, 2)
    path = f"/v1/webhooks/{shop.webhook}/deliveries"
    first = (await own.get(path, params={"limit": 2})).json()
    second = (await own.get(path, params={"limit": 2, "after": first["next"]})).json()
    found = first["items"] + second["items"]
    assert (3, None) == (len({each["id"] for each in found}), second["next"])
    assert {shop.webhook} == {each["input"]["subscription_id"] for each in found}
    problem(await own.get(path, params={"after": str(UNKNOWN)}), 422)

    delivery = UUID(found[-1]["id"])
    finish = FinishTask(task_id=delivery, state=TaskState.FAILED, error=FAILURE)
    await shop.service.database.transact(lambda session: TaskWriter(session).finish(finish, now=NOON))
    replay = await shop.service.jobs.retry(delivery)
    newest = (await own.get(path)).json()["items"][0]
    assert (str(replay.id), str(delivery)) == (newest["id"], newest["retry_of"])
    async with api.caller(Role.OBSERVER, workspace=SHOP) as observer:
        assert {} == (await observer.get(path)).json()["items"][0]["input"]


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_quotas_say_what_is_left(
    shop: Furnished, own: httpx.AsyncClient, other: httpx.AsyncClient, service_database: Database
) -> None:
    """Of each key that the workspace has used, by its windows."""
    holders, budget = ["a" * 64, "b" * 64], JustTcgBudget(plan_named("Starter"), 5)

    async def reserve(session: Session) -> None:
        for holder in holders:
            await QuotaRepository(session, budget, SHOP).reserve(holder, 1, shop.service.clock.now)

    await service_database.transact(reserve)
    first = (await own.get("/v1/quotas", params={"limit": 1})).json()
    second = (await own.get("/v1/quotas", params={"limit": 1, "after": first["next"]})).json()
    assert holders == [each["holder"] for each in first["items"] + second["items"]]
    (quota,) = second["items"]
    windows = {each["window"]: (each["used"], each["left"]) for each in quota["windows"]}
    assert {"minute": (1, 49), "day": (1, 999), "month": (1, 9_999)} == windows
    assert ("JustTCG", "Starter", None) == (quota["service"], quota["plan"], quota["blocked_until"])
    assert [] == (await other.get("/v1/quotas")).json()["items"]
