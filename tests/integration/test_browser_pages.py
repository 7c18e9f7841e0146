"""What a page that a browser shows can do to the embedded Temporal: nothing."""

import re
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from mainspring.devserver import EmbeddedTemporal
from mainspring.devserver.browser_requests import refusal
from mainspring.devserver.ports import CLOSED_TO_BROWSERS, choose_inner
from mainspring.devserver.ui_proxy import UiProxy
from mainspring.testing.eventually import eventually
from tests.visitor import visitor

START = {"workflowType": {"name": "any"}, "taskQueue": {"name": "any"}}
WORKFLOWS = "/api/v1/namespaces/default/workflows"
# The headers of browsers for requests that a page of another site makes, and for a rebound name.
FOREIGN = [
    {"Host": "attacker.example"},
    {"Host": "attacker.example:{port}", "Sec-Fetch-Site": "same-origin"},
    {"Host": "localhost.attacker.example"},
    {"Host": "127.0.0.1@attacker.example"},
    {"Host": "127.0.0.1.attacker.example"},
    {"Host": ""},
    {"Origin": "http://attacker.example"},
    {"Origin": "http://127.0.0.1:1"},
    {"Origin": "https://127.0.0.1:{port}"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"},
]


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def temporal(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EmbeddedTemporal]:
    """One server for all requests."""
    async with EmbeddedTemporal(tmp_path_factory.mktemp("engine"), port=0, ui_port=0) as embedded:
        yield embedded


@pytest_asyncio.fixture(loop_scope="module")
async def browser(temporal: EmbeddedTemporal) -> AsyncIterator[httpx.AsyncClient]:
    """Keep the cookies, as a browser does."""
    async with visitor(base_url=temporal.ui_url) as client:
        yield client


def listened_on(pid: int) -> set[tuple[str, int]]:
    """Find the addresses on which a process listens."""
    sockets = {
        link.name
        for entry in Path(f"/proc/{pid}/fd").iterdir()
        if (link := Path(entry.readlink())).name.startswith("socket:")
    }
    found = set()
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
            address, port = fields[1].split(":")
            found.add((socket.inet_ntoa(bytes.fromhex(address)[::-1]), int(port, 16)))
    return found


@pytest.mark.parametrize("headers", FOREIGN, ids=str)
async def test_a_foreign_page_gets_and_changes_nothing(
    temporal: EmbeddedTemporal, browser: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    """Neither a request across sites nor a rebound name passes the door, whatever the page asks for."""
    port = temporal.ui_url.rpartition(":")[2]
    sent = {name: value.format(port=port) for name, value in headers.items()}
    asked = await browser.get("/api/v1/namespaces", headers=sent)
    posted = await browser.post(f"{WORKFLOWS}/foreign", json=START, headers=sent)
    assert (403, 403) == (asked.status_code, posted.status_code)
    assert "namespaceInfo" not in asked.text
    assert 200 != (await browser.get(f"{WORKFLOWS}/foreign")).status_code


async def test_the_ui_works_on_this_machine(browser: httpx.AsyncClient) -> None:
    """Its page, its scripts, its lists and its buttons do what they did; no page can put it into a frame."""
    page = await browser.get("/", headers={"Sec-Fetch-Site": "none"})
    assert 200 == page.status_code
    assert "DENY" == page.headers["X-Frame-Options"]
    script = re.search(r'href="(/_app/[^"]+\.js)"', page.text)
    assert script is not None
    assert 200 == (await browser.get(script[1], headers={"Sec-Fetch-Site": "same-origin"})).status_code
    own = {"Origin": str(browser.base_url).rstrip("/"), "X-CSRF-TOKEN": browser.cookies["_csrf"]}
    # The UI dials Temporal once more a second after a start at which Temporal was not there yet.
    posted = await eventually(
        lambda: browser.post(f"{WORKFLOWS}/own", json=START, headers=own),
        lambda answer: answer.status_code != httpx.codes.SERVICE_UNAVAILABLE,
    )
    assert 200 == posted.status_code, posted.text
    by_name = await browser.get(f"{WORKFLOWS}/own", headers={"Host": f"localhost:{browser.base_url.port}"})
    assert "own" == by_name.json()["workflowExecutionInfo"]["execution"]["workflowId"]


@pytest.mark.skipif(sys.platform != "linux", reason="the ports of a process are read from /proc")
async def test_every_port_of_the_server_is_out_of_a_pages_reach(temporal: EmbeddedTemporal) -> None:
    """What speaks HTTP/1.1, as pages do, listens where browsers do not connect, or starts nothing."""
    engine = int(temporal.address.rpartition(":")[2])
    spoken = {}
    async with visitor() as page:
        for host, port in listened_on(temporal.server_pid):
            try:
                answer = await page.post(f"http://{host}:{port}{WORKFLOWS}/foreign", json=START)
                spoken[port] = answer.status_code
            except httpx.TransportError:
                continue
    assert engine not in spoken
    assert len(spoken) == 3  # the UI, the HTTP API, the metrics
    assert {400, 403, 404} == set(spoken.values())
    assert spoken.keys() & set(CLOSED_TO_BROWSERS)


async def test_the_inner_ports_are_such_as_browsers_refuse() -> None:
    """A free port at random is found in a second by a page that tries them all; these no page can try."""
    inner = choose_inner()
    assert inner.ui_port in CLOSED_TO_BROWSERS
    assert {inner.http_port, inner.metrics_port} <= {0, *CLOSED_TO_BROWSERS}


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8233", "127.0.0.1:8233", "127.8.9.10", "[::1]:8233"]
)
async def test_the_names_of_this_machine_are_let_in(host: str) -> None:
    """Also by a forwarded port of another number."""
    assert refusal({"host": host}) is None


async def test_a_ui_that_is_away_is_said() -> None:
    """While the server starts again the page says so."""
    door = UiProxy()
    door.host, door.port = "127.0.0.1", 1
    async with door.listening("127.0.0.1", 0) as port, visitor() as browser:
        assert 502 == (await browser.get(f"http://127.0.0.1:{port}/")).status_code
