"""Every emulator's control routes: what another process can order of it, and see."""

import json
from collections.abc import Callable
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aiosmtplib
import pytest

from mainspring.emulators.base import Emulator
from mainspring.emulators.http import ControlServer, HttpEmulator
from mainspring.emulators.justtcg import JustTcgEmulator
from mainspring.emulators.objects import ObjectStoreEmulator
from mainspring.emulators.smtp import SmtpEmulator
from mainspring.emulators.videos import VideoServerEmulator
from mainspring.emulators.webhooks import WebhookEmulator
from tests.visitor import visitor

EMULATORS: tuple[Callable[[], Emulator], ...] = (
    JustTcgEmulator,
    ObjectStoreEmulator,
    SmtpEmulator,
    lambda: VideoServerEmulator(Path(__file__).parent),
    WebhookEmulator,
)

S3 = {"Authorization": "Credential=emulator/"}


async def order(emulator: HttpEmulator, name: str, **fields: Any) -> int:
    """Give an emulator an order, and return the status of its answer."""
    async with visitor(base_url=emulator.control_url) as http:
        return (await http.post(f"/{name}", json=fields)).status_code


async def seen(emulator: HttpEmulator, name: str) -> Any:
    """Return what an emulator shows."""
    async with visitor(base_url=emulator.control_url) as http:
        return (await http.get(f"/{name}")).json()


async def statuses(emulator: HttpEmulator, path: str, requests: int, **headers: str) -> list[int]:
    """Return the statuses of requests one after the other."""
    async with visitor(base_url=emulator.address, headers=headers) as http:
        return [(await http.get(path)).status_code for _ in range(requests)]


@pytest.mark.parametrize("make", EMULATORS)
async def test_every_emulator_shows_its_state_and_refuses_a_mistyped_order(
    make: Callable[[], Emulator],
) -> None:
    """A mistyped order does not pass unseen, whichever the emulator."""
    async with make() as emulator, ControlServer(emulator) as control:
        assert isinstance(await seen(control, "state"), dict)
        assert 200 == await order(control, "reset")
        assert 400 == await order(control, "faults", nextt=["away"])
        assert 400 == await order(control, "faults", next={"plague": 1})


async def test_the_object_storage_obeys_another_process() -> None:
    """The next reads fail as ordered; what is stored is seen."""
    async with ObjectStoreEmulator() as emulator:
        assert 200 == await order(emulator, "faults", next={"away": 1}, method="GET")
        async with visitor(base_url=emulator.address, headers=S3) as http:
            await http.put("/shop/film.txt", content=b"film", headers={"Content-Type": "text/plain"})

        assert [503, 200] == await statuses(emulator, "/shop/film.txt", 2, **S3)
        stored = {"bytes": 4, "content_type": "text/plain", "writes": 1}
        assert {"shop": {"film.txt": stored}} == await seen(emulator, "objects")
        assert {"shop": {"objects": 1, "writes": 1, "open_uploads": 0}} == await seen(emulator, "state")

        await order(emulator, "faults", refuses_everybody=True)
        assert [403] == await statuses(emulator, "/shop/film.txt", 1, **S3)


async def test_the_video_server_obeys_another_process(tmp_path: Path) -> None:
    """Faults, redirects and what the server can do are ordered; the requests are seen."""
    (tmp_path / "film.mp4").write_bytes(b"film")
    async with VideoServerEmulator(tmp_path) as emulator:
        await order(emulator, "faults", next=["away"], knows_ranges=False)
        await order(emulator, "redirects", **{"old.mp4": emulator.url("film.mp4")})

        assert [503, 200] == await statuses(emulator, "/film.mp4", 2)
        assert [307] == await statuses(emulator, "/old.mp4", 1)
        assert [200] == await statuses(emulator, "/film.mp4", 1, Range="bytes=2-")
        assert [None, "bytes=2-"] == [request["range"] for request in await seen(emulator, "requests")]


async def test_the_receivers_of_webhooks_obey_another_process() -> None:
    """One receiver fails as often as ordered."""
    async with WebhookEmulator() as emulator, visitor() as http:
        await order(emulator, "faults", receiver="shop", fault="gone", times=1)
        answers = [await http.post(emulator.url("shop"), content=json.dumps({})) for _ in range(2)]

        assert [410, 204] == [answer.status_code for answer in answers]
        assert 2 == (await seen(emulator, "state"))["shop"]["attempts"]


async def test_the_mail_server_obeys_another_process() -> None:
    """Mail speaks no HTTP: the control routes have an address of their own."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "shop@example.org", "anna@example.org", "Back in stock"
    async with SmtpEmulator() as emulator, ControlServer(emulator) as control:
        await order(control, "faults", next=["refused", None], always={"bob@example.org": "later"})
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await aiosmtplib.send(mail, hostname=emulator.host, port=emulator.port, start_tls=False)
        await aiosmtplib.send(mail, hostname=emulator.host, port=emulator.port, start_tls=False)

        (accepted,) = await seen(control, "mails")
        assert ("Back in stock", ["anna@example.org"]) == (accepted["subject"], accepted["recipients"])
        state = await seen(control, "state")
        assert (2, 1, 2) == (state["attempts"], state["accepted"], state["connections"])


@pytest.mark.parametrize(
    "header",
    [{"Origin": "http://a.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Host": "a.example"}],
    ids=str,
)
async def test_no_page_of_a_browser_gives_orders_or_looks(header: dict[str, str]) -> None:
    """Neither from another site nor by a name of its own."""
    async with WebhookEmulator() as emulator, visitor(headers=header) as page:
        answers = [
            await page.post(f"{emulator.control_url}/reset"),
            await page.get(f"{emulator.control_url}/state"),
        ]
    assert [403, 403] == [answer.status_code for answer in answers]
