"""Streams of events: what is told, to whom, for how long, and what it costs."""

import asyncio
import resource
import time
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.engine import Connection

from mainspring.api.app import api_of
from mainspring.api.server import listening, serving, url_of
from mainspring.contracts.api_keys import Role
from mainspring.contracts.tasks import BeginTask, FinishTask, TaskState
from mainspring.storage.ledger import ProgressStore, TaskWriter
from mainspring.testing import eventually
from tests.api import Api, problem, served
from tests.events import watching
from tests.service import Service
from tests.visitor import visitor

ACCOUNT = "7f0c3f6e-1a53-4b66-9a3f-0f6c0f0d2a11"
STEP = {"name": "prices", "job": "update-inventory-prices", "input": {"account_id": ACCOUNT}}
FLOW = {"input": {"steps": [STEP]}}


# Queries of a write, and of the one task that is shown again.
WRITTEN_AND_SHOWN = 9


async def started(client: httpx.AsyncClient) -> UUID:
    """Start a task; return its id."""
    return UUID((await client.post("/v1/jobs/run-flow", json=FLOW)).json()["id"])


async def write(service: Service, call: Callable[[TaskWriter], Any]) -> None:
    """Write what becomes of a task."""
    await service.database.transact(lambda session: call(TaskWriter(session)))


async def begin(service: Service, task: UUID) -> None:
    """Let a task begin, as its workflow would."""
    row = await service.tasks.get(task)
    message = BeginTask(
        task_id=task,
        fallback_id=task,
        job=row.job,
        workflow_id=row.workflow_id,
        run_id="run",
        input=row.input,
        triggered_by="client",
    )
    await write(service, lambda writer: writer.begin(message, now=service.clock.now()))


async def progress(service: Service, task: UUID, processed: int) -> None:
    """Report how far a task is."""
    await service.database.transact(
        lambda session: ProgressStore(session).report(
            task, processed=processed, total=10, step="page", checkpoint={}, now=service.clock.now()
        )
    )


async def end(service: Service, task: UUID, state: TaskState = TaskState.SUCCESS) -> None:
    """Let a task end."""
    message = FinishTask(task_id=task, state=state, result={"sold": 3})
    await write(service, lambda writer: writer.finish(message, now=service.clock.now()))


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_a_task_is_followed_to_its_end(workerless: Service, client: httpx.AsyncClient) -> None:
    """The first event is the task as it is, the last one its end with the result; then the stream is over."""
    task = await started(client)
    path = f"/v1/tasks/{task}/events"
    async with watching(client, path) as stream:
        first = await stream.next()
        await begin(workerless, task)
        begun = await stream.next()
        await end(workerless, task)
        rest = await stream.rest()

    assert ["accepted", "changed", "ended"] == [each.name for each in (first, begun, *rest)]
    assert ("RUNNING", FLOW["input"]["steps"][0]["name"]) == (
        begun.data["state"],
        begun.data["input"]["steps"][0]["name"],
    )
    assert {"sold": 3} == rest[-1].data["result"]
    again = await client.get(path, headers={"Last-Event-ID": rest[-1].id})
    assert (204, b"") == (again.status_code, again.content)  # by which a browser knows to come back no more


async def test_whoever_comes_back_is_told_what_is_new(workerless: Service, client: httpx.AsyncClient) -> None:
    """Nothing, while nothing has changed; the present state once, however much has."""
    task = await started(client)
    path = f"/v1/tasks/{task}/events"
    async with watching(client, path) as stream:
        seen = await stream.next()
    async with watching(client, path, seen.id) as stream:
        await begin(workerless, task)
        begun = await stream.next()
    for processed in (1, 2):
        await progress(workerless, task, processed)
    async with watching(client, path, begun.id) as stream:
        now = await stream.next()
    assert ("QUEUED", "RUNNING", 2) == (seen.data["state"], begun.data["state"], now.data["processed"])


async def test_a_workspace_is_followed(workerless: Service, client: httpx.AsyncClient) -> None:
    """Each task is told of as it comes, goes on and ends, without payloads; each change once."""
    async with watching(client, "/v1/events") as stream:
        task = await started(client)
        told = [await stream.next()]
        await begin(workerless, task)
        told.append(await stream.next())
        await progress(workerless, task, 4)
        told.append(await stream.next())
        await end(workerless, task)
        told.append(await stream.next())

    assert {str(task)} == {each.data["id"] for each in told}
    assert [("accepted", 0), ("changed", 0), ("changed", 4), ("ended", 4)] == [
        (each.name, each.data["processed"]) for each in told
    ]
    assert not {"input", "result", "errors", "error_message"} & told[-1].data.keys()


@pytest.mark.parametrize("service_database", ["sqlite", "postgresql"], indirect=True)
async def test_nothing_is_missed_through_a_restart(workerless: Service) -> None:
    """With streams open the server stops; what begins and ends meanwhile is told when it is there again."""
    listener = listening("127.0.0.1", 0)
    port = listener.getsockname()[1]
    async with AsyncExitStack() as server, Api(workerless, url_of(listener)).caller() as client:
        await server.enter_async_context(serving(api_of(workerless), listener))
        first, second = await started(client), await started(client)
        async with (
            watching(client, "/v1/events") as all_tasks,
            watching(client, f"/v1/tasks/{first}/events") as one,
        ):
            await one.next()
            await begin(workerless, first)
            await one.next()
            while (await all_tasks.next()).data["state"] != "RUNNING":
                pass
            await server.aclose()
            assert [] == [*await one.rest(), *await all_tasks.rest()]

        await end(workerless, first)
        await begin(workerless, second)
        await server.enter_async_context(serving(api_of(workerless), listening("127.0.0.1", port)))
        third = await started(client)
        async with (
            watching(client, f"/v1/tasks/{first}/events", one.last_id) as stream,
            watching(client, "/v1/events", all_tasks.last_id) as tasks,
        ):
            assert ["ended"] == [each.name for each in await stream.rest()]
            told: dict[str, str] = {}
            while len(told) < 3:
                each = await tasks.next()
                told[each.data["id"]] = each.name
    assert {str(first): "ended", str(second): "changed", str(third): "accepted"} == told


async def test_whoever_was_away_too_long_is_told_so(client: httpx.AsyncClient) -> None:
    """The list of tasks says what the stream does not."""
    for last_id in ("1", "no-id-of-ours", "9" * 90):
        async with watching(client, "/v1/events", last_id) as stream:
            assert "missed" == (await stream.next()).name


async def test_a_stream_ends_with_its_key(api: Api, workerless: Service) -> None:
    """Revoking the key ends its streams, and those of the tokens that the key has made, at the next look."""
    made = await workerless.platform_keys.create("watcher", Role.OPERATOR)
    shown = {"Authorization": f"Bearer {made.text}"}
    async with (
        visitor(base_url=api.url, headers=shown) as client,
        visitor(base_url=api.url) as browser,
    ):
        path = f"/v1/tasks/{await started(client)}"
        token = (await client.post(f"{path}/token")).json()["token"]
        async with (
            watching(client, "/v1/events") as all_tasks,
            watching(client, f"{path}/events") as one,
            watching(browser, f"{path}/events", access_token=token) as of_token,
        ):
            await workerless.platform_keys.revoke(str(made.key.id))
            await asyncio.gather(*(each.rest() for each in (all_tasks, one, of_token)))
        problem(await browser.get(f"{path}/events", params={"access_token": token}), 401)


async def test_a_stream_ends_with_its_token(workerless: Service, api: Api, client: httpx.AsyncClient) -> None:
    """A token opens the events of its task, and of no workspace, until its time is over."""
    task, other = await started(client), await started(client)
    answer = await client.post(f"/v1/tasks/{task}/token", json={"expires_in": 60})
    token = {"access_token": answer.json()["token"]}
    async with visitor(base_url=api.url) as browser:
        problem(await browser.get(f"/v1/tasks/{other}/events", params=token), 404)
        problem(await browser.get("/v1/events", params=token), 401)
        async with watching(browser, f"/v1/tasks/{task}/events", **token) as stream:
            assert str(task) == (await stream.next()).data["id"]
            workerless.clock.advance(timedelta(minutes=2))
            assert [] == await stream.rest()


async def test_an_observer_is_told_of_no_payload(
    workerless: Service, api: Api, client: httpx.AsyncClient
) -> None:
    """Neither at first nor at the end; a viewer of the same task is."""
    task = await started(client)
    path = f"/v1/tasks/{task}/events"
    async with (
        api.caller(Role.OBSERVER) as observer,
        watching(observer, path) as plain,
        watching(client, path) as whole,
    ):
        first = [await plain.next(), await whole.next()]
        await end(workerless, task)
        last = [await plain.next(), await whole.next()]
    assert [({}, None), (FLOW["input"]["steps"][0]["name"], None)] == [
        (first[0].data["input"], first[0].data["result"]),
        (first[1].data["input"]["steps"][0]["name"], first[1].data["result"]),
    ]
    assert [None, {"sold": 3}] == [each.data["result"] for each in last]


async def test_another_workspaces_tasks_are_not_told_of(api: Api, client: httpx.AsyncClient) -> None:
    """Its task is unknown, and its workspace's stream has its own alone."""
    async with api.caller(workspace="shop") as own, watching(own, "/v1/events") as stream:
        problem(await own.get(f"/v1/tasks/{await started(client)}/events"), 404)
        mine = await started(own)
        assert str(mine) == (await stream.next()).data["id"]


async def test_open_streams_are_bounded(workerless: Service) -> None:
    """Of a key and of the process; one that ends makes room."""
    settings = workerless.settings.model_copy(update={"api_streams": 2, "api_streams_of_a_key": 1})
    async with (
        served(replace(workerless, settings=settings)) as api,
        api.caller() as first,
        api.caller() as second,
        api.caller() as third,
    ):
        async with watching(first, "/v1/events"), watching(second, "/v1/events"):
            for client in (first, third):
                refused = await client.get("/v1/events")
                assert "streams are open" in problem(refused, 429)["detail"]
                assert refused.headers["retry-after"]

        async def has_room() -> bool:
            async with third.stream("GET", "/v1/events") as answer:
                return answer.status_code == HTTPStatus.OK

        assert await eventually(has_room, bool)


async def test_many_streams_cost_one_look_together(workerless: Service, client: httpx.AsyncClient) -> None:
    """Two hundred streams: two queries a second, little memory, and a stop that does not wait for them."""
    tasks = [await started(client) for _ in range(10)]
    statements: list[str] = []

    def note(_connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    async with AsyncExitStack() as server:
        listener = listening("127.0.0.1", 0)
        await server.enter_async_context(serving(api_of(workerless), listener))
        before = resident()
        opened = [
            await raw_stream(listener.getsockname()[1], f"/v1/tasks/{task}/events", client)
            for task in tasks
            for _ in range(20)
        ]
        event.listen(workerless.database.engine.sync_engine, "before_cursor_execute", note)
        began = time.monotonic()
        await begin(workerless, tasks[0])
        told = await asyncio.gather(*(reader.readuntil(b"changed") for reader, _ in opened[:20]))
        await progress(workerless, tasks[0], 3)
        told += await asyncio.gather(*(reader.readuntil(b"changed") for reader, _ in opened[:20]))
        seconds = time.monotonic() - began

        looks = [each for each in statements if each.startswith("SELECT")]
        assert 40 == len(told)
        assert len(looks) <= 2 * (seconds + 1) + 2 * WRITTEN_AND_SHOWN
        assert resident() - before < 50_000_000
        stopping = time.monotonic()
        await server.aclose()
        assert time.monotonic() - stopping < 5
        for reader, writer in opened:
            assert b"event" not in (await reader.read()).replace(b"event: changed", b"")
            writer.close()


def resident() -> int:
    """Return how many bytes of memory the process holds, where the system says so."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * resource.getpagesize() if statm.exists() else 0


async def raw_stream(port: int, path: str, client: httpx.AsyncClient) -> Any:
    """Open a stream on a connection of its own, and read the first event."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    key = client.headers["authorization"]
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {key}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    await reader.readuntil(b"accepted")
    return reader, writer
