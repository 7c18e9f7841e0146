"""The client over HTTP when answers are lost, streams break off, and nobody answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from mainspring.api.app import api_of
from mainspring.api.server import listening, serving, url_of
from mainspring.client.errors import BadInput, KeyRefused, ServiceAway
from mainspring.client.idempotency import IdempotencyKeyReused
from mainspring.client.remote import connect
from mainspring.contracts.api_keys import Role
from mainspring.contracts.failures import FailureFilter
from mainspring.contracts.flows import RunFlow
from mainspring.contracts.tasks import TaskState
from mainspring.contracts.wishlist import CheckWishlistSales
from mainspring.workflows.run_flow import RUN_FLOW
from mainspring.workflows.runtime.catalogue import UnknownJob
from mainspring.workflows.wishlist import SALE_CHECK
from tests.api import served
from tests.service import Service

NO_PATIENCE = timedelta()
STEP = {"name": "a", "job": "update-inventory-prices", "input": {"account_id": str(uuid4())}}
FLOW = RunFlow.model_validate({"steps": [STEP]})


@asynccontextmanager
async def losing_answers(url: str, count: int) -> AsyncIterator[str]:
    """Pass calls on; the first answers are lost, each with its connection. Give the address."""
    place = urlsplit(url)
    left = count

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                writer.write(data)
                await writer.drain()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal left
        answers, calls = await asyncio.open_connection(place.hostname, place.port)
        calling = asyncio.create_task(pump(reader, calls))
        first = await answers.read(65_536)
        if left == 0:
            writer.write(first)
            await pump(answers, writer)
        left = max(left - 1, 0)
        calling.cancel()
        calls.close()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_start_whose_answer_is_lost_starts_once(workerless: Service) -> None:
    """One by one and in bulk: the call is made again with its idempotency key, and answered as it was."""
    key = (await workerless.api_keys.create("elsewhere", Role.OPERATOR)).text
    async with served(workerless) as api:
        async with losing_answers(api.url, 1) as url, connect(url, api_key=key) as service:
            started = await service.jobs.start(RUN_FLOW, FLOW)
        async with losing_answers(api.url, 1) as url, connect(url, api_key=key) as service:
            many = await service.jobs.start_many(RUN_FLOW, [FLOW, FLOW])
        async with losing_answers(api.url, 1) as url, connect(url, api_key=key) as service:
            with pytest.raises(ServiceAway):  # it may have been done, and to do it twice is for the caller
                await service.failures.dismiss(FailureFilter())
    assert {started.id, *(each.id for each in many)} == {task.id for task in await workerless.all_tasks()}
    assert 3 == len(await workerless.all_tasks())


async def test_a_key_of_the_callers_own_outlives_the_caller(workerless: Service) -> None:
    """The same start is the same task days later; another one of the key is refused."""
    key = (await workerless.api_keys.create("elsewhere", Role.OPERATOR)).text
    async with served(workerless) as api, connect(api.url, api_key=key) as service:
        first = await service.jobs.start(RUN_FLOW, FLOW, idempotency_key="order 7")
        again = await service.jobs.start(RUN_FLOW, FLOW, idempotency_key="order 7")
        assert first == again
        with pytest.raises(IdempotencyKeyReused):
            await service.jobs.start(RUN_FLOW, FLOW, idempotency_key="order 7", priority=1)


async def test_a_task_is_watched_through_a_restart(workerless: Service) -> None:
    """What has changed meanwhile is given once, when the service is back."""
    made = await workerless.platform_keys.create("elsewhere", Role.OPERATOR)
    listener = listening("127.0.0.1", 0)
    url, port = url_of(listener), listener.getsockname()[1]
    async with connect(url, api_key=made.text) as service:
        async with serving(api_of(workerless), listener):
            started = await service.jobs.start(SALE_CHECK, CheckWishlistSales())
            watched = service.tasks.watch(started.id)
            states = [(await anext(watched)).state]
        async with workerless.worker():
            await workerless.wait(started.id)
        async with serving(api_of(workerless), listening("127.0.0.1", port)):
            states += [task.state async for task in watched]
            assert 0 == (await started.result()).notified
    assert [TaskState.QUEUED, TaskState.SUCCESS] == states


async def test_a_service_that_is_away_is_said_to_be() -> None:
    """After the caller's patience, for calls and for streams; an address that is none at once."""
    with listening("127.0.0.1", 0) as taken:
        url = url_of(taken)
    async with connect(url, api_key="ms_none", patience=NO_PATIENCE) as service:
        with pytest.raises(ServiceAway, match="could not be connected to"):
            await service.tasks.get(uuid4())
        with pytest.raises(ServiceAway):
            await service.tasks.wait(uuid4())
    with pytest.raises(BadInput, match="url: "):
        async with connect("elsewhere", api_key="ms_none"):
            pass


async def test_what_a_key_may_not_do_is_refused(workerless: Service) -> None:
    """No key, a role that may not, another's workspace, and a job that is the installation's."""
    shop = workerless.within("shop")
    observer = (await shop.api_keys.create("looks", Role.OBSERVER)).text
    operator = (await shop.api_keys.create("works", Role.OPERATOR)).text
    platform = (await workerless.platform_keys.create("all", Role.OPERATOR)).text
    async with served(workerless, api_calls_a_minute=6) as api:
        async with connect(api.url, api_key="ms_none") as service:
            with pytest.raises(KeyRefused, match="no valid key"):
                await service.tasks.find()
        async with connect(api.url, api_key=observer) as service:
            with pytest.raises(KeyRefused):
                await service.jobs.start(RUN_FLOW, FLOW)
        async with connect(api.url, api_key=operator, workspace="other") as service:
            with pytest.raises(KeyRefused, match="another workspace"):
                await service.tasks.find()
        async with connect(api.url, api_key=operator) as service:
            with pytest.raises(UnknownJob) as unknown:
                await service.jobs.start(SALE_CHECK, CheckWishlistSales())
            assert SALE_CHECK.name == unknown.value.name
            with pytest.raises(KeyRefused, match="key of the platform"):
                await service.schedules.list()
            with pytest.raises(BadInput, match="a whole id"):
                await service.webhooks.find("7f0c")
        async with connect(api.url, api_key=platform, workspace="shop", patience=NO_PATIENCE) as service:
            started = await service.jobs.start(RUN_FLOW, FLOW)
            assert started.id == (await shop.tasks.find())[0].id
            with pytest.raises(BadInput, match=r"^priority: 9 is not accepted: "):
                await service.jobs.start(RUN_FLOW, FLOW, priority=9)
            for _ in range(4):
                await service.tasks.find()
            with pytest.raises(ServiceAway) as many:
                await service.tasks.find()
            assert many.value.retry_after


@pytest.mark.schedules
async def test_schedules_are_operated_from_elsewhere(workerless: Service) -> None:
    """Listed as they are, paused, resumed, previewed, made up for and triggered, by a key of the platform."""
    await workerless.schedules.sync()
    key = (await workerless.platform_keys.create("elsewhere", Role.OPERATOR)).text
    name, beside = "wishlist-sale-check", workerless.schedules
    start, end = datetime(2026, 3, 10, 0, 30, tzinfo=UTC), datetime(2026, 3, 10, 2, 30, tzinfo=UTC)
    async with served(workerless) as api, connect(api.url, api_key=key) as service:
        schedules = service.schedules
        pause = await schedules.pause(name, "stocktaking")
        assert pause is not None
        assert "stocktaking" == pause.reason
        assert await beside.list() == await schedules.list()
        assert await beside.firings(name, start, end) == await schedules.firings(name, start, end)
        assert await beside.preview(start, end) == await schedules.preview(start, end)
        assert 2 == await schedules.backfill(name, start, end)
        assert (pause, None) == await schedules.resume(name)
        assert (None, None) == await schedules.resume(name)
        await schedules.trigger(name)
        with pytest.raises(BadInput, match="ask for less"):
            await schedules.firings(name, start - timedelta(days=60), end)
