"""JSON over HTTP with a vendor: what each answer means."""

from datetime import timedelta

import pytest

from mainspring.gateways.errors import (
    CredentialsRefused,
    GatewayError,
    LimitExceeded,
    MalformedAnswer,
    NotSent,
    Refused,
    ServerFault,
    Unreachable,
)
from mainspring.gateways.json_http import open_json_http
from tests.raw_server import raw_server

OK = b"HTTP/1.1 200 OK\r\n"


def answer(head: bytes, body: bytes = b"") -> bytes:
    return head + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


async def ask(said: bytes, seen: list[bytes] | None = None) -> object:
    """Ask a vendor who says this."""

    async def says(_has_range: bool) -> bytes:
        return said

    async with (
        raw_server(says, seen) as address,
        open_json_http("the mint", f"{address}/v1/", headers={"x-key": "k"}) as http,
    ):
        return await http.get("/coins", after="a b", limit=2)


async def test_an_answer_is_read_as_json() -> None:
    """The path goes below the address, the headers go with it; no number is one that no database takes."""
    seen: list[bytes] = []
    assert {"price": None, "ids": [1]} == await ask(answer(OK, b'{"price": NaN, "ids": [1]}'), seen)
    endless = b'{"price": 1e400, "ids": [1, %s]}' % (b"9" * 5_000)
    assert {"price": None, "ids": [1, None]} == await ask(answer(OK, endless))
    assert seen[0].startswith(b"GET /v1/coins?after=a+b&limit=2 HTTP/1.1\r\n")
    assert b"x-key: k\r\n" in seen[0]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (answer(b"HTTP/1.1 503 Busy\r\n"), ServerFault),
        (answer(b"HTTP/1.1 401 No\r\n"), CredentialsRefused),
        (answer(b"HTTP/1.1 403 No\r\n"), CredentialsRefused),
        (answer(b"HTTP/1.1 404 No\r\n", b"no such coin"), Refused),
        (answer(b"HTTP/1.1 302 Away\r\nLocation: /\r\n"), Refused),
        (answer(OK, b"<html>"), MalformedAnswer),
        (answer(OK, b"[" * 100_000), MalformedAnswer),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{", Unreachable),
    ],
)
async def test_every_other_answer_is_an_error_that_says_what_to_do(
    said: bytes, expected: type[GatewayError]
) -> None:
    """By its kind; the words name the vendor."""
    with pytest.raises(expected, match=r"^the mint: ") as caught:
        await ask(said)
    assert expected is type(caught.value)


async def test_a_limit_says_how_long_to_wait() -> None:
    """A day at most, whatever the vendor asks for."""
    with pytest.raises(LimitExceeded) as caught:
        await ask(answer(b"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\n"))
    assert timedelta(seconds=7) == caught.value.retry_after


async def test_what_was_never_sent_counts_against_no_quota() -> None:
    """Nobody listens."""
    async with open_json_http("the mint", "http://127.0.0.1:1") as http:
        with pytest.raises(NotSent):
            await http.post("/coins", ["a"])
