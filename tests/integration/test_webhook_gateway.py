"""The webhook gateway against the sandbox's receivers."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from gateways.addresses import AddressRefused
from gateways.errors import GatewayError, NotSent, Refused, ServerFault, Unreachable
from gateways.webhooks import ReceiverGone, open_webhooks
from sandbox.webhooks import Fault, WebhookSandbox

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
async def receivers() -> AsyncIterator[WebhookSandbox]:
    """Run the receivers."""
    async with WebhookSandbox() as sandbox:
        sandbox.url("shop")
        sandbox.receivers["shop"].secret = SECRET
        yield sandbox


async def deliver(url: str, *, allow_private: bool = True, secret: str = SECRET) -> int:
    async with open_webhooks(allow_private=allow_private) as webhooks:
        return await webhooks.deliver(url, secret, message_id="m1", at=datetime.now(UTC), body='{"a":"ä"}')


async def test_a_delivery_is_signed_so_that_its_receiver_can_verify_it(receivers: WebhookSandbox) -> None:
    """By id, time and body."""
    assert 204 == await deliver(receivers.url("shop"))
    assert {"m1": {"a": "ä"}} == receivers.receivers["shop"].bodies


async def test_a_wrong_secret_is_noticed(receivers: WebhookSandbox) -> None:
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
    fault: Fault, error: type[GatewayError], receivers: WebhookSandbox
) -> None:
    """A redirect is a refusal, and leads nowhere."""
    receivers.receivers["shop"].fail(fault)

    with pytest.raises(error) as caught:
        await deliver(receivers.url("shop"))

    assert error is type(caught.value)
    assert "elsewhere" not in {name for name, each in receivers.receivers.items() if each.attempts}


async def test_an_address_that_is_not_public_is_not_connected_to(receivers: WebhookSandbox) -> None:
    """Not even for a moment."""
    with pytest.raises(AddressRefused):
        await deliver(receivers.url("shop"), allow_private=False)
    assert 0 == receivers.receivers["shop"].attempts


async def test_a_port_where_nobody_listens_was_sent_nothing() -> None:
    """It is the world's failure."""
    with pytest.raises(NotSent):
        await deliver("http://127.0.0.1:9/")
