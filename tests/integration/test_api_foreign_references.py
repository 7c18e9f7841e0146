"""A workspace's key reaches nothing of another's: on no route, and by no reference in an input."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import httpx
import pytest

from mainspring.client.cursors import cursor_of
from mainspring.contracts.api_keys import Role
from mainspring.contracts.failures import FailureFilter
from mainspring.contracts.media import ProcessVideo
from mainspring.contracts.tasks import FinishTask, NewTask, TaskError, TaskState
from mainspring.storage.database import Session
from mainspring.storage.ledger import TaskIntake, TaskWriter
from mainspring.storage.people.devices import device_id
from mainspring.workflows.media import PROCESS_VIDEO
from tests.api import Api, problem
from tests.furnished import Furnished, device, furnish, seen
from tests.ledger_writes import NOON

OWN, OTHER = "shop", "two/%"
THEIRS = "two_2F_25"  # the folder of the other workspace
SOURCE = "https://films.example/a.mp4"
CARD_JOBS = ("discover-sets", "sync-tracked-sets", "update-inventory-prices")
PROBLEM = TaskError(at=NOON, step="", error_type="Unlike", message="any other")


@dataclass(frozen=True)
class Attempt:
    """A call that must not reach the other workspace; the status is of its refusal, or of what it may do."""

    name: str
    method: str
    path: str
    status: int = 404
    said: dict[str, Any] = field(default_factory=dict)
    has: str = ""
    """What the answer must have in it."""


@dataclass(frozen=True)
class World:
    """Two workspaces alike, an admin's key of one of them, and what only the other has."""

    client: httpx.AsyncClient
    own: Furnished
    other: Furnished
    film: UUID
    """A failed film of the other's; `own_film` and `own_prices` are failed tasks of the caller's."""
    own_film: UUID
    own_prices: UUID
    group: str
    """The fingerprint of a failure that only the other has."""
    key: UUID
    audit: UUID
    token: str
    """A token for a task of the caller's."""


async def failed(each: Furnished, job: str, given: dict[str, Any]) -> UUID:
    """Write a failed task of a workspace."""
    task = NewTask(
        id=uuid4(),
        job=job,
        workflow_id=str(uuid4()),
        dedupe_key=None,
        workspace=each.service.workspace,
        input=given,
    )

    async def write(session: Session) -> None:
        await TaskIntake(session).enqueue([task], now=NOON)
        finish = FinishTask(task_id=task.id, state=TaskState.FAILED, error=PROBLEM)
        await TaskWriter(session).finish(finish, now=NOON)

    await each.service.database.transact(write)
    return task.id


async def lone_group(other: Furnished) -> str:
    """Write a failure as the caller's workspace has none; return its group."""
    task_id = await failed(other, "discover-sets", {"account_id": other.account})
    (group,) = await other.service.failures.groups(FailureFilter(task_ids=(task_id,)))
    return group.fingerprint


@pytest.fixture
async def world(api: Api) -> AsyncIterator[World]:
    """Furnish both workspaces."""
    own, other = [await furnish(api.service.within(each)) for each in (OWN, OTHER)]
    await other.service.jobs.start(PROCESS_VIDEO, ProcessVideo(source=SOURCE, destination=f"{OWN}/film"))
    made = await other.service.api_keys.create("theirs", Role.ADMIN)
    await other.service.audit.note("somebody", "start_job", "task")
    (entry,) = await other.service.audit.find()
    film = {"source": SOURCE, "destination": f"{OWN}/own"}
    async with api.caller(workspace=OWN) as client:
        own_film = await failed(own, "process-video", film)
        token = (await client.post(f"/v1/tasks/{own_film}/token")).json()["token"]
        yield World(
            client,
            own,
            other,
            film=await failed(other, "process-video", film),
            own_film=own_film,
            own_prices=await failed(own, "update-inventory-prices", {"account_id": own.account}),
            group=await lone_group(other),
            key=made.key.id,
            audit=entry.id,
            token=token,
        )


# What stands for the parameters of paths: ids of real things that the other workspace has.
def parameters(world: World) -> dict[str, str]:
    """Return a value for each parameter that names what belongs to a workspace."""
    other = world.other
    return {
        "task_id": str(world.film),
        "account_id": other.account,
        "product_id": other.entry,
        "user_id": other.entry,
        "occasion_id": other.entry,
        "profile_id": other.entry,
        "device_id": device_id(device(other.entry).token),
        "key_id": str(world.key),
        "effect_id": str(other.effect),
        "webhook_id": other.webhook,
        "group": world.group,
    }


# Parameters that name what is no workspace's, beside such an id or alone.
NOBODYS = {"kind": "games", "item_id": "pokemon", "name": "process-video"}
# Operations that take no id of a workspace's thing.
WITHOUT_IDS = {
    "get_job": "the catalogue",
    "start_job": "the attempts below have its inputs",
    "start_jobs": "the same",
    "complete_taste_profile": "the caller gives the id, and the attempts below give one of the other's",
    "show_unsubscribe": "the token is the authority, and says whose it is",
    "unsubscribe": "the same",
}
# What is no workspace's is refused to its keys, as the attempts below try.
OF_THE_INSTALLATION = "/v1/schedules/"
# What operations that take a body are sent.
BODIES: dict[str, dict[str, Any]] = {
    "change_account_plan": {"json": {"plan": "Starter"}},
    "set_account_key": {"json": {"api_key": "k"}},
    "rotate_key": {"json": {}},
    "resolve_effect": {"json": {"decision": "sent"}},
    "rotate_webhook_secret": {"json": {}},
    "disable_webhook": {"json": {"reason": "r"}},
    "follow": {"json": {"ids": ["pokemon"]}},
    "load_inventory": {"json": {"items": [{"reference": "r", "variant_id": "v", "quantity": 1}]}},
    "load_inventory_csv": {
        "content": "reference,variant_id,quantity\nr,v,1\n",
        "headers": {"Content-Type": "text/csv"},
    },
}


async def operations(world: World) -> list[Attempt]:
    """Return an attempt for each operation of the document that has an id in its path."""
    document = (await world.client.get("/v1/openapi.json")).json()
    values = {name: quote(value, safe="") for name, value in (NOBODYS | parameters(world)).items()}
    found = []
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = operation["operationId"]
            if "{" in path and name not in WITHOUT_IDS and not path.startswith(OF_THE_INSTALLATION):
                assert not operation.get("requestBody", {}).get("required") or name in BODIES, name
                found.append(Attempt(name, method.upper(), path.format(**values), said=BODIES.get(name, {})))
    return found


STEPS = {"steps": [{"name": "a", "job": "discover-sets", "input": {"account_id": str(uuid4())}}]}


def start(job: str, name: str, given: dict[str, Any], status: int = 422, has: str = "") -> Attempt:
    """Return the attempt to start a job with an input."""
    return Attempt(name, "POST", f"/v1/jobs/{job}", status, {"json": {"input": given}}, has)


def flow(job: str, given: dict[str, Any], *, nested: bool = False) -> dict[str, Any]:
    """Return a flow with a job as its step, or as a step of a flow within it."""
    steps = {"steps": [{"name": "a", "job": job, "input": given}]}
    return flow("run-flow", steps) if nested else steps


def films() -> list[Attempt]:
    """Return attempts to read and to write what is another workspace's, or the installation's, by a film."""
    own = f"{OWN}/film"
    inputs = {
        "the folder of the other": {"source": SOURCE, "destination": f"{THEIRS}/film"},
        "no folder": {"source": SOURCE, "destination": "film"},
        "the folder itself": {"source": SOURCE, "destination": OWN},
        "a folder that begins alike": {"source": SOURCE, "destination": f"{OWN}2/film"},
        "a way up": {"source": SOURCE, "destination": f"{OWN}/../{THEIRS}/film"},
        "a local file": {"source": "file:///films/a.mp4", "destination": own},
        "an object of the store": {"source": f"s3://films/{THEIRS}/a.mp4", "destination": own},
        "an address in the clear": {"source": "http://films.example/a.mp4", "destination": own},
    }
    found = []
    for name, given in inputs.items():
        field_name = "destination" if given["source"] == SOURCE else "source"
        found += [
            start("process-video", f"film: {name}", given, has=f"input.{field_name}"),
            start(
                "run-flow", f"step: {name}", flow("process-video", given), has=f"steps.0.input.{field_name}"
            ),
        ]
    nested = flow("process-video", inputs["a local file"], nested=True)
    bulk = {"json": {"items": [{"input": given} for given in inputs.values()]}}
    return [
        *found,
        start("run-flow", "step of a step", nested, has="input.steps.0.input.steps.0.input.source"),
        Attempt("films in bulk", "POST", "/v1/jobs/process-video/bulk", 202, bulk, '"id":null'),
    ]


def starts(world: World) -> list[Attempt]:
    """Return attempts by the inputs of jobs."""
    theirs = {"account_id": world.other.account}
    keyed = {"json": {"input": theirs}, "headers": {"Idempotency-Key": "1"}}
    internal = {
        "deliver-webhook": {"subscription_id": world.other.webhook},
        "send-notifications": {"effect_id": str(world.other.effect)},
        "wishlist-sale-check": {},
        "refresh-due-accounts": {},
    }
    prices = "/v1/jobs/update-inventory-prices"
    return [
        *(start(job, f"account: {job}", theirs, has="input.account_id") for job in CARD_JOBS),
        Attempt(
            "account in bulk",
            "POST",
            f"{prices}/bulk",
            202,
            {"json": {"items": [{"input": theirs}]}},
            '"id":null',
        ),
        Attempt("account with an idempotency key", "POST", prices, 422, keyed),
        *(start(job, f"job: {job}", given, 404) for job, given in internal.items()),
        *(start("run-flow", f"step: {job}", flow(job, given)) for job, given in internal.items()),
        *(
            start("run-flow", f"step of a step: {job}", flow(job, given, nested=True))
            for job, given in internal.items()
        ),
        Attempt("workspace in a body", "POST", prices, 422, {"json": {"input": {}, "workspace": OTHER}}),
        start("run-flow", "turns of the other", flow("discover-sets", theirs) | {"workspace": OTHER}, 202),
    ]


def tasks(world: World) -> list[Attempt]:
    """Return attempts by references to tasks."""
    other, film = world.other, str(world.film)

    def retry(task: UUID, changes: dict[str, Any]) -> dict[str, Any]:
        return {"path": f"/v1/tasks/{task}/retry", "said": {"json": {"input": changes}}}

    filtered = {"parent": film}, {"fairness_key": OTHER}
    return [
        Attempt("beginning of an id", "GET", f"/v1/tasks/{film[:8]}", 422),
        Attempt("cursor of a task", "GET", "/v1/tasks", 404, {"params": {"after": film}}),
        Attempt("children", "GET", "/v1/tasks", 200, {"params": {"parent": film}}, '"items":[]'),
        Attempt("turns", "GET", "/v1/tasks", 200, {"params": {"fairness_key": OTHER}}, '"items":[]'),
        Attempt("retry with another input", "POST", **retry(world.film, {"profiles": ["480p"]})),
        Attempt(
            "retry: destination", "POST", status=422, **retry(world.own_film, {"destination": f"{THEIRS}/a"})
        ),
        Attempt("retry: source", "POST", status=422, **retry(world.own_film, {"source": "file:///a.mp4"})),
        Attempt(
            "retry: account", "POST", status=422, **retry(world.own_prices, {"account_id": other.account})
        ),
        *(
            Attempt(
                f"cancel by {each}", "POST", "/v1/tasks/cancel", 202, {"json": {"filter": each}}, '"count":0'
            )
            for each in filtered
        ),
        Attempt(
            "token of one's own task",
            "GET",
            f"/v1/tasks/{film}",
            404,
            {"params": {"access_token": world.token}},
        ),
    ]


def entries(world: World) -> list[Attempt]:
    """Return attempts by products, users, wishes and what accounts have."""
    mine, theirs, name = world.own.entry, world.other.entry, "user_id"
    pair = {"user_id": theirs, "product_id": theirs}
    place = {"after": cursor_of(theirs, theirs)}
    wishes = [{"user_id": mine, "product_id": theirs}, {"user_id": theirs, "product_id": mine}]
    return [
        Attempt("their wish", "DELETE", "/v1/wishes", 404, {"params": pair}),
        Attempt("wishes of their user", "GET", "/v1/wishes", 200, {"params": {name: theirs}}, '"items":[]'),
        Attempt("place in their wishes", "GET", "/v1/wishes", 200, {"params": place}),
        Attempt("wishes across", "POST", "/v1/wishes", 200, {"json": {"items": wishes}}, '"stored":0'),
        Attempt(
            "occasion of their user",
            "POST",
            "/v1/gifting/occasions",
            200,
            {"json": {"items": [{"id": "o", "user_id": theirs, "title": "T", "date": "2030-01-01"}]}},
            '"stored":0',
        ),
        Attempt(
            "device of their user",
            "POST",
            "/v1/devices",
            200,
            {"json": {"items": [{"token": "t", "user_id": theirs, "platform": "web"}]}},
            '"stored":0',
        ),
        Attempt(
            "profile of their id",
            "POST",
            f"/v1/gifting/profiles/{quote(theirs, safe='')}",
            200,
            {"json": {"user_id": "mine", "answers": {"interests": "tea"}}},
            '"user_id":"mine"',
        ),
        Attempt("place in their products", "GET", "/v1/products", 200, {"params": {"after": theirs}}),
        Attempt("their name of an account", "GET", "/v1/accounts/shop", 422),
    ]


def operating(world: World) -> list[Attempt]:
    """Return attempts by failures, effects, webhooks and schedules."""
    ids, group = {"ids": [str(world.film)]}, {"group": world.group}
    after = {"params": {"after": str(world.other.effect)}}
    schedule = "/v1/schedules/wishlist-sale-check"
    return [
        Attempt("dismissal by id", "POST", "/v1/failures/dismiss", 404, {"json": ids}),
        Attempt("dismissal by group", "POST", "/v1/failures/dismiss", 404, {"json": group}),
        Attempt("replay by id", "POST", "/v1/failures/replay", 404, {"json": ids}),
        Attempt("replay by group", "POST", "/v1/failures/replay", 404, {"json": group}),
        Attempt("beginning of a group", "GET", f"/v1/failures/{world.group[:8]}"),
        Attempt("cursor of an effect", "GET", "/v1/effects", 404, after),
        Attempt("beginning of an effect", "GET", f"/v1/effects/{str(world.other.effect)[:8]}", 422),
        Attempt("beginning of a webhook", "GET", f"/v1/webhooks/{world.other.webhook[:8]}", 422),
        Attempt(
            "cursor of a model run",
            "GET",
            "/v1/gifting/model-runs",
            404,
            {"params": {"after": str(world.other.model_run)}},
        ),
        Attempt(
            "model runs of their product",
            "GET",
            "/v1/gifting/model-runs",
            200,
            {"params": {"subject": world.other.entry}},
            '"items":[]',
        ),
        Attempt("schedules", "GET", "/v1/schedules", 403),
        Attempt("trigger of a schedule", "POST", f"{schedule}/trigger", 403),
        Attempt("pause of a schedule", "POST", f"{schedule}/pause", 403, {"json": {"reason": "r"}}),
        Attempt("end of a pause", "POST", f"{schedule}/resume", 403),
    ]


def surroundings(world: World) -> list[Attempt]:
    """Return attempts by what is around a call: headers, keys, the audit log."""
    there = {"headers": {"Mainspring-Workspace": OTHER}}
    key = {"json": {"name": "k"}}
    return [
        Attempt("another workspace's header", "GET", "/v1/tasks", 403, there),
        Attempt("start in another workspace", "POST", "/v1/jobs/process-video", 403, there | {"json": {}}),
        Attempt("workspace in the query", "GET", "/v1/tasks", 200, {"params": {"workspace": OTHER}}),
        Attempt("cursor of a key", "GET", "/v1/keys", 404, {"params": {"after": str(world.key)}}),
        Attempt("key of the platform", "POST", "/v1/keys", 403, {"json": key["json"] | {"platform": True}}),
        Attempt("key of another", "POST", "/v1/keys", 422, {"json": key["json"] | {"workspace": OTHER}}),
        Attempt("cursor of the audit log", "GET", "/v1/audit", 422, {"params": {"after": str(world.audit)}}),
        Attempt("the installation's log", "GET", "/v1/audit", 403, {"params": {"scope": "installation"}}),
        Attempt("checks of all", "GET", "/v1/admin/wishlist-jobs/status", 403),
        Attempt("check of all", "POST", "/v1/admin/wishlist-jobs/trigger-sale-check", 403),
    ]


async def test_no_call_reaches_another_workspace(world: World) -> None:
    """Each operation with an id in its path, and each reference in an input, by name; all is as it was."""
    before = await seen(world.other)
    by_path = await operations(world)
    attempts = [
        *by_path,
        *tasks(world),
        *entries(world),
        *operating(world),
        *surroundings(world),
        *films(),
        *starts(world),
    ]
    reached = [told for each in attempts if (told := await outcome(world, each))]

    assert [] == reached
    assert before == await seen(world.other)
    assert len({each.name for each in by_path}) == len(by_path)
    assert 64 <= len(attempts)


async def outcome(world: World, attempt: Attempt) -> str | None:
    """Make an attempt; return what is wrong with its answer, if something is."""
    answer = await world.client.request(attempt.method, attempt.path, **attempt.said)
    told = f"{attempt.name}: {answer.status_code} {answer.text[:300]}"
    if answer.status_code != attempt.status or attempt.has not in answer.text:
        return told
    other = world.other
    theirs = [
        world.film,
        world.key,
        world.audit,
        other.failed,
        other.queued,
        other.effect,
        other.webhook,
        other.model_run,
    ]
    is_shown = answer.is_success and any(str(each) in answer.text for each in theirs)
    return f"{told} shows what is not its own" if is_shown else None


async def test_names_that_two_workspaces_share_do_not_meet(world: World) -> None:
    """Dedupe keys, idempotency keys, accounts and users of the same names are each workspace's own."""
    film = {"input": {"source": SOURCE, "destination": f"{OWN}/film"}}
    key = {"Idempotency-Key": "k"}
    body = {"items": [{"id": world.other.entry, "email": "mine@example.org"}]}
    before = await seen(world.other)
    keys = world.other.service.api_keys
    shown = {"Authorization": f"Bearer {(await keys.create('x', Role.OPERATOR)).text}"}
    theirs = await world.client.post("/v1/jobs/run-flow", json={"input": STEPS}, headers=key | shown)
    mine = await world.client.post("/v1/jobs/run-flow", json={"input": STEPS}, headers=key)
    other_body = await world.client.post("/v1/jobs/process-video", json=film, headers=key | shown)
    started = await world.client.post("/v1/jobs/process-video", json=film)

    assert (202, 202) == (theirs.status_code, mine.status_code)
    assert theirs.json()["id"] != mine.json()["id"]
    problem(other_body, 422)
    assert (202, False) == (started.status_code, started.json()["deduplicated"])
    assert 201 == (await world.client.post("/v1/accounts", json={"name": "theirs"})).status_code
    assert 1 == (await world.client.post("/v1/users", json=body)).json()["stored"]
    assert before[1:] == (await seen(world.other))[1:]
    problem(await world.client.get(f"/v1/tasks/{theirs.json()['id']}"), 404)
