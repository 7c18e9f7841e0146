"""The webhook gateway against the emulator's receivers."""

import asyncio
import socket
import threading
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from mainspring.emulators.webhooks import Fault, WebhookEmulator
from mainspring.gateways.errors import GatewayError, NotSent, Refused, ServerFault, Unreachable
from mainspring.gateways.lookups import Lookups, LookupsBusy
from mainspring.gateways.network import HEARD_FOR, NetworkAway
from mainspring.gateways.urls import AddressRefused, UrlRefused
from mainspring.gateways.webhooks import POOLS, ReceiverGone, Webhooks, open_webhooks

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def receivers() -> AsyncIterator[WebhookEmulator]:
    """Run the receivers."""
    async with WebhookEmulator() as emulator:
        emulator.url("shop")
        emulator.receivers["shop"].secret = SECRET
        yield emulator


async def deliver(
    url: str, *, allow_private: bool = True, secret: str = SECRET, former_secret: str | None = None
) -> int:
    async with open_webhooks(allow_private=allow_private) as webhooks:
        return await webhooks.deliver(
            url,
            secret,
            former_secret=former_secret,
            message_id="m1",
            at=datetime.now(UTC),
            body='{"a":"ä"}',
        )


async def test_a_delivery_is_signed_so_that_its_receiver_can_verify_it(receivers: WebhookEmulator) -> None:
    """By id, time and body."""
    assert 204 == await deliver(receivers.url("shop"))
    assert {"m1": {"a": "ä"}} == receivers.receivers["shop"].bodies


async def test_a_delivery_is_signed_with_two_secrets_while_both_hold(receivers: WebhookEmulator) -> None:
    """The receiver may know either."""
    new = "whsec_c2VjcmV0IG9mIHNvbWVib2R5IGVsc2U="
    assert 204 == await deliver(receivers.url("shop"), secret=new, former_secret=SECRET)
    assert 204 == await deliver(receivers.url("shop"), secret=SECRET, former_secret=new)


async def test_a_wrong_secret_is_noticed(receivers: WebhookEmulator) -> None:
    """The receiver refuses it."""
    with pytest.raises(Refused, match="401"):
        await deliver(receivers.url("shop"), secret="whsec_c2VjcmV0IG9mIHNvbWVib2R5IGVsc2U=")


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (Fault.SERVER_ERROR, ServerFault),
        (Fault.GONE, ReceiverGone),
        (Fault.REDIRECT, Refused),
        (Fault.DROP, Unreachable),
    ],
)
async def test_a_failure_is_what_it_is(
    fault: Fault, error: type[GatewayError], receivers: WebhookEmulator
) -> None:
    """A redirect is a refusal, and leads nowhere."""
    receivers.receivers["shop"].fail(fault)

    with pytest.raises(error) as caught:
        await deliver(receivers.url("shop"))

    assert error is type(caught.value)
    assert "elsewhere" not in {name for name, each in receivers.receivers.items() if each.attempts}


async def test_an_address_that_is_not_public_is_not_connected_to(receivers: WebhookEmulator) -> None:
    """Not even for a moment."""
    with pytest.raises(AddressRefused):
        await deliver(receivers.url("shop"), allow_private=False)
    assert 0 == receivers.receivers["shop"].attempts


async def test_a_port_where_nobody_listens_was_sent_nothing() -> None:
    """The failure is transient."""
    with pytest.raises(NotSent):
        await deliver("http://127.0.0.1:9/")


@pytest.mark.parametrize(
    "url",
    [
        "http:///x",
        "https://a\u0080b/",
        "https://xn--a/",
        "https://shop.example:99999/",
        "ftp://shop.example/",
    ],
)
async def test_a_url_that_nothing_can_be_posted_to_is_refused(url: str) -> None:
    """No attempt helps."""
    with pytest.raises(UrlRefused):
        await deliver(url)


async def test_a_receivers_cookies_are_never_sent_to_anybody() -> None:
    """Not to another receiver of the same domain, nor back to itself."""
    seen: list[list[str]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        seen.append([line for line in head.decode().split("\r\n") if line.lower().startswith("cookie:")])
        writer.write(
            b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n"
            b"set-cookie: session=mine; Domain=hooks.test; Path=/\r\n\r\n"
        )
        await writer.drain()
        writer.close()

    lookups = Lookups(lambda _host: ["127.0.0.1"])
    async with (
        await asyncio.start_server(serve, "127.0.0.1", 0) as server,
        open_webhooks(allow_private=True, lookups=lookups) as webhooks,
    ):
        port = server.sockets[0].getsockname()[1]
        # So often that the hosts share one of the gateway's pools of connections, whichever theirs are.
        for name in [f"shop-{number}" for number in range(POOLS + 1)] * 2:
            url = f"http://{name}.hooks.test:{port}/"
            await webhooks.deliver(url, SECRET, message_id="m1", at=datetime.now(UTC), body="{}")

    assert [[]] * 2 * (POOLS + 1) == seen


async def test_names_that_nobody_answers_for_hold_up_no_other_receiver(receivers: WebhookEmulator) -> None:
    """Each is a transient failure of its own receiver; one that finds no room is nobody's."""
    let_go = threading.Event()

    def resolve(host: str) -> list[str]:
        let_go.wait(10)
        raise socket.gaierror(f"{host}: timed out")

    lookups = Lookups(resolve, at_once=2, answer_within=timedelta(seconds=0.5))
    async with open_webhooks(allow_private=True, lookups=lookups) as webhooks:

        async def told(url: str) -> int:
            return await webhooks.deliver(url, SECRET, message_id="m1", at=datetime.now(UTC), body="{}")

        # Otherwise the network might be away.
        assert 204 == await told(receivers.url("shop"))
        slow = [asyncio.create_task(told(f"http://slow-{number}.example/")) for number in range(3)]
        await asyncio.sleep(0)
        healthy = await asyncio.wait_for(told(receivers.url("shop")), 0.4)
        failed = await asyncio.gather(*slow, return_exceptions=True)
        let_go.set()

    assert 204 == healthy
    assert [NotSent, NotSent, LookupsBusy] == [type(each) for each in failed]


class Names:
    """A server of names; `answers` is what the system says of the hosts that it knows no address of."""

    def __init__(self, answers: int) -> None:
        self.answers = answers

    def __call__(self, host: str) -> list[str]:
        """Return the address of a host below hooks.test."""
        if host.endswith(".hooks.test"):
            return ["127.0.0.1"]
        raise socket.gaierror(self.answers, "no address")


async def failure_at(webhooks: Webhooks, url: str) -> type[GatewayError]:
    with pytest.raises(GatewayError) as caught:
        await webhooks.deliver(url, SECRET, message_id="m1", at=datetime.now(UTC), body="{}")
    return type(caught.value)


@pytest.mark.parametrize("answers", [socket.EAI_AGAIN, socket.EAI_FAIL])
async def test_a_receiver_that_nobody_answers_for_has_failed_only_when_others_answer(
    answers: int, receivers: WebhookEmulator
) -> None:
    """Otherwise the network may be ours to mend, and the delivery waits for that."""
    now, names = 0.0, Names(answers)
    async with open_webhooks(allow_private=True, lookups=Lookups(names), seconds=lambda: now) as webhooks:
        at_first = await failure_at(webhooks, "https://away.example/")
        receivers.receivers["shop"].fail(Fault.SERVER_ERROR, 1)
        answered = await failure_at(webhooks, receivers.url("shop").replace("127.0.0.1", "shop.hooks.test"))
        beside = await failure_at(webhooks, "https://away.example/")
        now = HEARD_FOR.total_seconds()
        later = await failure_at(webhooks, "https://away.example/")

    assert [NetworkAway, ServerFault, NotSent, NetworkAway] == [at_first, answered, beside, later]


async def test_a_host_without_a_name_or_a_listener_is_gone_though_nobody_else_answers() -> None:
    """The server of names has said so, or the host itself."""
    names = Names(socket.EAI_NONAME)
    async with open_webhooks(allow_private=True, lookups=Lookups(names)) as webhooks:
        assert NotSent is await failure_at(webhooks, "https://gone.example/")
    async with open_webhooks(allow_private=True, lookups=Lookups(names)) as webhooks:
        assert NotSent is await failure_at(webhooks, "http://shop.hooks.test:9/")


async def test_a_connection_that_was_idle_for_too_long_is_not_used_again() -> None:
    """A receiver may be closing it just then: such a delivery has no answer, and may have arrived."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await reader.read(1)  # of a second delivery, or the end
        writer.close()

    async with (
        await asyncio.start_server(serve, "127.0.0.1", 0) as server,
        open_webhooks(allow_private=True, kept_for=timedelta(0)) as webhooks,
    ):
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for message_id in ("m1", "m2"):
            delivered = await webhooks.deliver(
                url, SECRET, message_id=message_id, at=datetime.now(UTC), body="{}"
            )
            assert 204 == delivered
