"""What the answers of FCM mean, by an emulator of it and of Google's token endpoint."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from mainspring.contracts.retry import Retry, retry_of
from mainspring.emulators.fcm import FcmEmulator, FcmFault
from mainspring.gateways.errors import GatewayError, NotSent, ServerFault, is_outcome_certain
from mainspring.gateways.push import (
    AccountRefused,
    AnswerLost,
    PayloadRefused,
    Push,
    PushLimited,
    PushMessage,
    TokenUnregistered,
    open_push,
)

MESSAGE = PushMessage(token="phone", title="Christmas", body="in 3 days", tag="r1")  # a device's


@pytest.fixture
async def fcm() -> AsyncIterator[FcmEmulator]:
    """Give FCM."""
    async with FcmEmulator() as emulator:
        yield emulator


@pytest.fixture
def account(fcm: FcmEmulator, tmp_path: Path) -> Path:
    """Give the file of the service account that FCM accepts."""
    file = tmp_path / "account.json"
    file.write_text(json.dumps(fcm.account))
    return file


@pytest.fixture
async def push(fcm: FcmEmulator, account: Path) -> AsyncIterator[Push]:
    """Give the gateway to FCM."""
    async with open_push(fcm.address, account, at_once=2) as gateway:
        yield gateway


async def test_one_access_token_serves_many_pushes(fcm: FcmEmulator, push: Push) -> None:
    """It is asked for once, and again when it is not accepted any more."""
    names = {await push.send(MESSAGE) for _ in range(3)}
    assert 3 == len(names)
    assert 1 == fcm.counts["tokens"]

    fcm.fail("phone", FcmFault.UNAUTHENTICATED)
    with pytest.raises(AccountRefused):
        await push.send(MESSAGE)
    await push.send(MESSAGE)
    assert 2 == fcm.counts["tokens"]


@pytest.mark.parametrize(
    ("fault", "kind", "retry", "is_certain"),
    [
        (FcmFault.UNREGISTERED, TokenUnregistered, Retry.NEVER, True),
        (FcmFault.INVALID_ARGUMENT, PayloadRefused, Retry.NEVER, True),
        (FcmFault.QUOTA_EXCEEDED, PushLimited, Retry.TRANSIENT, True),
        (FcmFault.UNAVAILABLE, ServerFault, Retry.TRANSIENT, True),
        (FcmFault.INTERNAL, ServerFault, Retry.TRANSIENT, True),
        (FcmFault.UNAUTHENTICATED, AccountRefused, Retry.UNTIL_MENDED, True),
        (FcmFault.LOST_ANSWER, AnswerLost, Retry.TRANSIENT, False),
    ],
)
async def test_each_fault_says_what_is_to_be_done(
    fcm: FcmEmulator, push: Push, fault: FcmFault, kind: type[GatewayError], retry: Retry, is_certain: bool
) -> None:
    """Whose fault it is, whether another attempt helps, and whether the push may have arrived."""
    fcm.fail("phone", fault)
    with pytest.raises(kind) as caught:
        await push.send(MESSAGE)
    assert (retry, is_certain) == (retry_of(caught.value), is_outcome_certain(caught.value))
    if isinstance(caught.value, PushLimited):
        assert timedelta(seconds=30) == caught.value.retry_after


async def test_an_account_that_is_missing_or_refused_is_for_a_person_to_mend(
    fcm: FcmEmulator, account: Path, tmp_path: Path
) -> None:
    """Nothing has begun then; a file that was mended is heeded."""
    begun: list[str] = []

    async def begin() -> None:
        begun.append("begun")

    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps({**fcm.account, "private_key": "none"}))
    for file in (None, tmp_path / "missing.json", broken):
        async with open_push(fcm.address, file, at_once=1) as push:
            with pytest.raises(AccountRefused) as caught:
                await push.send(MESSAGE, begin)
            assert Retry.UNTIL_MENDED is retry_of(caught.value)
    fcm.refuses_account = True
    async with open_push(fcm.address, account, at_once=1) as push:
        with pytest.raises(AccountRefused, match="invalid_grant"):
            await push.send(MESSAGE, begin)
        assert [] == begun
        fcm.refuses_account = False
        await push.send(MESSAGE, begin)
    assert ["begun"] == begun


async def test_a_payload_fits_or_is_refused(fcm: FcmEmulator, push: Push) -> None:
    """Long texts are cut, as a device would; data that is too large never leaves."""
    long = PushMessage(token="phone", title="ä" * 5000, body="ö" * 5000, tag="r1")  # as above
    await push.send(long)
    with pytest.raises(PayloadRefused, match="4096 are taken"):
        await push.send(PushMessage("phone", "t", "b", "r1", data={"x": "y" * 4096}))
    assert 1 == fcm.counts["requests"]


async def test_an_fcm_that_is_away_has_got_nothing(fcm: FcmEmulator, push: Push) -> None:
    """The push is tried again."""
    await push.check()
    await fcm.stop()
    with pytest.raises(NotSent):
        await push.send(MESSAGE)
