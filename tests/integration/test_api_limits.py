"""What bounds a call: how many a key makes in a minute, and how long the head of a request may be."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from mainspring.api.heads import LONGEST_HEADERS, LONGEST_PATH, MOST_HEADERS
from mainspring.api.rates import CallRates, Rate
from tests.api import Api, problem, served
from tests.service import Service


@pytest.fixture
async def api(workerless: Service) -> AsyncIterator[Api]:
    """Serve the API of a service without a worker; a key may make one call a minute."""
    settings = workerless.settings.model_copy(update={"api_calls_a_minute": 1})
    async with served(replace(workerless, settings=settings)) as api:
        yield api


async def test_a_key_that_calls_too_often_is_told_when_to_come_back(api: Api) -> None:
    """Every answer says what is left; another key is not concerned."""
    async with api.caller() as client, api.caller() as other:
        answers = [await client.get("/v1/me") for _ in range(3)]  # a new minute may begin in between
        assert 200 == answers[0].status_code
        refused = next(each for each in answers if each.status_code == 429)
        problem(refused, 429)
        assert 1 <= int(refused.headers["retry-after"]) <= 60
        assert '"calls";q=1;w=60' == refused.headers["ratelimit-policy"]
        assert refused.headers["ratelimit"].startswith('"calls";r=0;t=')
        assert 200 == (await other.get("/v1/me")).status_code
        assert "ratelimit" not in (await other.get("/health")).headers


def test_each_minute_a_key_may_call_again() -> None:
    """The calls of the minute before are forgotten."""
    now = 119.5
    rates, key = CallRates(2, lambda: now), uuid4()
    assert [1, 0, -1] == [rates.count(key).remaining for _ in range(3)]
    now = 120.0
    assert Rate(limit=2, remaining=1, reset=60) == rates.count(key)


async def test_a_head_that_is_too_long_is_refused(api: Api) -> None:
    """A path, and headers by size or by number; what is just short enough is answered."""
    async with api.caller() as client:
        problem(await client.get("/v1/" + "x" * LONGEST_PATH), 414)
        problem(await client.get("/v1/me?x=" + "x" * LONGEST_PATH), 414)
        problem(await client.get("/v1/me", headers={f"X-{n}": "x" for n in range(MOST_HEADERS)}), 431)
        problem(await client.get("/v1/me", headers={"X-Long": "x" * (LONGEST_HEADERS - 20)}), 431)
        assert 200 == (await client.get("/v1/me", headers={"X-Long": "x" * 20_000})).status_code


async def test_a_head_without_end_is_not_read(api: Api) -> None:
    """Who never ends a request's head is cut off."""
    address = urlsplit(api.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-Long: " + b"x" * 2 * LONGEST_HEADERS)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
