"""The price service's emulator over HTTP: what only another process, or raw HTTP, can see."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import httpx
import pytest

from mainspring.emulators.justtcg import JustTcgEmulator
from tests.visitor import visitor

KEY = {"x-api-key": "k"}

# The vendor's clock: all calls of a test are within one minute, however slow the machine is.
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


@pytest.fixture
async def emulator() -> AsyncIterator[JustTcgEmulator]:
    async with JustTcgEmulator(seed=3, now=lambda: NOON) as running:
        yield running


@pytest.fixture
async def http(emulator: JustTcgEmulator) -> AsyncIterator[httpx.AsyncClient]:
    async with visitor(base_url=f"http://127.0.0.1:{emulator.port}") as client:
        yield client


async def test_another_process_can_order_everything(
    http: httpx.AsyncClient, emulator: JustTcgEmulator
) -> None:
    """Keys, faults, prices, the log and the counters are within reach of the control routes."""
    await http.post("/_sandbox/keys", json={"key": "k", "plan": "Starter", "anchor_day": 5, "minute": 3})
    await http.post("/_sandbox/faults", json={"next": {"server_error": 1}, "never_returned": ["gone"]})
    await http.post("/_sandbox/prices/advance", json={"steps": 2})
    statuses = [(await http.get("/v1/games", headers=KEY)).status_code for _ in range(4)]
    state = (await http.get("/_sandbox/state")).json()
    calls = (await http.get("/_sandbox/calls")).json()

    assert [500, 200, 200, 429] == statuses
    assert statuses == [call["status"] for call in calls]
    assert (3, 2, 4) == (state["seed"], state["step"], state["calls"])
    assert (4, 5) == (state["keys"]["k"]["most_in_any_minute"], state["keys"]["k"]["anchor_day"])
    assert {"gone"} == emulator.faults.never_returned

    await http.post("/_sandbox/reset")
    assert 200 == (await http.get("/v1/games", headers=KEY)).status_code
    assert 1 == len((await http.get("/_sandbox/calls")).json())


@pytest.mark.parametrize(
    ("path", "order"),
    [
        ("keys", {"plan": "Starter"}),
        ("keys", {"key": "k", "plan": "Gold"}),
        ("faults", {"next": {"plague": 1}}),
    ],
)
async def test_a_wrong_order_is_refused(http: httpx.AsyncClient, path: str, order: dict[str, object]) -> None:
    """A mistyped order does not pass unseen."""
    assert 400 == (await http.post(f"/_sandbox/{path}", json=order)).status_code


async def test_pages_are_twenty_long_unless_asked_otherwise(
    http: httpx.AsyncClient, emulator: JustTcgEmulator
) -> None:
    """The vendor's default limit, its `meta`, and its silence about variants without a price."""
    emulator.add_key("k")
    answer = (await http.get("/v1/cards?set=ixalan-magic-the-gathering", headers=KEY)).json()

    assert 20 == len(answer["data"])
    assert {"total": 309, "limit": 20, "offset": 0, "hasMore": True} == answer["meta"]
    assert all(v["price"] is not None for card in answer["data"] for v in card["variants"])


async def test_a_lookup_is_answered_in_another_order_without_meta(
    http: httpx.AsyncClient, emulator: JustTcgEmulator
) -> None:
    """Whoever matches by position is found out."""
    emulator.add_key("k", "Enterprise")
    asked = emulator.variant_ids[:2000:10]
    items = [{"variantId": each} for each in asked]
    answer = (await http.post("/v1/cards", json=items, headers=KEY)).json()
    answered = [v["id"] for card in answer["data"] for v in card["variants"]]

    assert sorted(asked) == sorted(answered)
    assert list(asked) != answered
    assert "meta" not in answer


@pytest.mark.parametrize("body", [b"", b"{}", b"[]", b'[{"variantId": 5}]', b"[{}]", b'["x"]', b"nonsense"])
async def test_a_lookup_that_is_no_array_of_strings_is_a_400(
    http: httpx.AsyncClient, emulator: JustTcgEmulator, body: bytes
) -> None:
    """Every value of a lookup item is a string, as the vendor's client sends it."""
    emulator.add_key("k")
    answer = await http.post("/v1/cards", content=body, headers=KEY)

    assert (400, "INVALID_REQUEST") == (answer.status_code, answer.json()["code"])


async def test_it_runs_by_itself() -> None:
    """`python -m mainspring.emulators.justtcg` serves, says where, and knows the keys that it was given."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "mainspring.emulators.justtcg",
        "--seed",
        "5",
        "--key",
        "k=Starter",
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        assert process.stdout
        base_url = (await process.stdout.readline()).decode().strip()
        async with visitor() as client:
            answer = await client.get(f"{base_url}/games", headers=KEY)
        assert (200, "Starter") == (answer.status_code, answer.json()["_metadata"]["apiPlan"])
    finally:
        process.terminate()
        await process.wait()
