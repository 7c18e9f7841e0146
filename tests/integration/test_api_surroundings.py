"""Who may call at all: hosts, pages of other origins, and keys that end with the program that has them."""

import asyncio
import socket
from dataclasses import replace
from datetime import timedelta

import pytest
from temporalio.client import Client

from mainspring.api.patience import in_time
from mainspring.api.problems import Refused
from mainspring.api.requests import logged_path
from mainspring.client.temporary_keys import temporary_key
from mainspring.contracts.api_keys import Role
from tests.api import problem, served
from tests.service import Service

PAGE = "https://shop.example"


async def test_no_page_reaches_loopback_by_a_name_of_its_own(workerless: Service) -> None:
    """A rebound name is refused; this machine's names and the public one are not."""
    async with served(workerless, api_public_url="https://api.example") as api, api.caller() as client:
        for host in ("rebound.example", "127.0.0.1.rebound.example:80", "api.example.rebound.example", ""):
            answer = await client.get("/health", headers={"Host": host})
            assert "Host: " in problem(answer, 421)["detail"]
        for host in ("localhost:1", "127.0.0.1", "[::1]:8234", "API.example"):
            assert 200 == (await client.get("/health", headers={"Host": host})).status_code


async def test_a_page_of_another_origin_is_let_in_by_the_setting_alone(workerless: Service) -> None:
    """Without it nothing is said of origins; with it of those that are set."""
    asks = {"Origin": PAGE, "Access-Control-Request-Method": "POST"}
    for origins, allowed in [((), None), ((PAGE,), PAGE), (("https://other.example",), None)]:
        async with served(workerless, api_cors_origins=origins) as api, api.caller() as client:
            asked = await client.request("OPTIONS", "/v1/jobs/run-flow", headers=asks)
            listed = await client.get("/v1/tasks", headers={"Origin": PAGE})
            assert [allowed] * 2 == [
                each.headers.get("access-control-allow-origin") for each in (asked, listed)
            ]
            assert "access-control-allow-credentials" not in listed.headers


async def test_a_temporal_that_is_away_is_told_as_such(workerless: Service) -> None:
    """What needs it says when to come back, also when it was never there; starts need it not."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        address = f"127.0.0.1:{closed.getsockname()[1]}"
    away = replace(workerless, temporal_client=await Client.connect(address, lazy=True))
    async with served(away) as api, api.caller() as client:
        for path in ("/v1/schedules", "/v1/admin/wishlist-jobs/status"):
            answer = await client.get(path)
            assert "Temporal does not answer" == problem(answer, 503)["detail"]
            assert "5" == answer.headers["retry-after"]
        assert 202 == (await client.post("/v1/jobs/wishlist-sale-check", json={})).status_code


async def test_a_temporary_key_ends_with_its_program(workerless: Service) -> None:
    """It opens the API within the block; a program that is killed leaves a key that ends by itself."""
    keys, ring = workerless.platform_keys, workerless.key_ring
    async with temporary_key(keys, "up", Role.ADMIN) as made:
        assert await ring.opened_by(made.text) is not None
        await keys.renew(made.key.id, timedelta(minutes=1))  # which is less than it has
        assert made.key.expires_at == (await keys.find(str(made.key.id))).expires_at
        await keys.renew(made.key.id, timedelta(hours=1))
        renewed = await keys.find(str(made.key.id))
        assert renewed.expires_at is not None
        assert renewed.expires_at > workerless.clock.now() + timedelta(minutes=59)
    assert await ring.opened_by(made.text) is None
    await keys.renew(made.key.id, timedelta(days=1))
    assert await ring.opened_by(made.text) is None


async def test_temporary_keys_do_not_pile_up(workerless: Service) -> None:
    """One that ended with its program is gone; one of a killed program goes with the next; others stay."""
    keys, clock = workerless.platform_keys, workerless.clock
    lasting = (await keys.create("up", Role.VIEWER)).key.id
    other = (await keys.create("other", Role.VIEWER, expires_in=timedelta(minutes=1))).key.id
    killed = (await keys.create_temporary("up", Role.ADMIN, timedelta(minutes=5))).key.id
    async with temporary_key(keys, "up", Role.ADMIN) as made:
        assert {lasting, other, killed, made.key.id} == {key.id for key in await keys.all()}
    clock.advance(timedelta(minutes=6))
    async with temporary_key(keys, "up", Role.ADMIN):
        pass
    assert {lasting, other} == {key.id for key in await keys.all()}


def test_no_token_of_a_link_is_in_the_log() -> None:
    """Whoever reads the log is not to unsubscribe anybody, and a path without end is one line."""
    paths = ("/unsubscribe/abc.def", "/unsubscribe/", "/v1/tasks", "/" + "a" * 1_000)
    assert ["/unsubscribe/***", "/unsubscribe/", "/v1/tasks", f"/{'a' * 299}…"] == list(
        map(logged_path, paths)
    )


async def test_nobody_waits_for_a_temporal_that_does_not_answer() -> None:
    """What Temporal alone can answer is refused after a while, and the caller is told when to come back."""
    with pytest.raises(Refused) as refused:
        await in_time(asyncio.Event().wait(), timedelta(milliseconds=1))
    assert (503, "5") == (refused.value.status, refused.value.headers["Retry-After"])
    assert 7 == await in_time(asyncio.sleep(0, 7))
