"""Handing pushes to FCM, and what its answers mean."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from mainspring.gateways.certificates import trusted
from mainspring.gateways.errors import GatewayError, NotSent, ServerFault
from mainspring.gateways.json_body import read_json
from mainspring.gateways.push.account import AccessTokens
from mainspring.gateways.push.errors import (
    SERVICE,
    AccountRefused,
    AnswerLost,
    PayloadRefused,
    PushLimited,
    TokenUnregistered,
)
from mainspring.gateways.push.message import PushMessage
from mainspring.gateways.retry_after import retry_after

TIMEOUT = httpx.Timeout(30, connect=10)

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

LONGEST_WAIT = timedelta(hours=2)

# https://firebase.google.com/docs/cloud-messaging/error-codes: what is the fault of our project or account.
OURS = {"THIRD_PARTY_AUTH_ERROR", "SENDER_ID_MISMATCH"}
UNREGISTERED = "UNREGISTERED"

DETAIL_LENGTH = 200


async def _at_once() -> None:
    """Begin without a word to anybody."""


class Push:
    """FCM over connections that are kept open; `at_once` may be on their way at the same time."""

    def __init__(self, http: httpx.AsyncClient, url: str, tokens: AccessTokens, at_once: int) -> None:
        self._http = http
        self._url = url.rstrip("/")
        self._tokens = tokens
        self.at_once = at_once

    async def check(self) -> str:
        """Return the project that pushes are sent for, once Google has given a token for it."""
        project, _ = await self._tokens.current()
        return project

    async def send(self, message: PushMessage, begin: Callable[[], Awaitable[None]] = _at_once) -> str:
        """Hand a push over; return FCM's name of it. `begin` is awaited right before the push goes out.

        Raises AnswerLost: when the push may have arrived. Any other error says that it has not.
        """
        request = message.request()
        project, token = await self._tokens.current()
        await begin()
        try:
            answer = await self._http.post(
                f"{self._url}/v1/projects/{project}/messages:send",
                content=request,
                headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
            )
        except NEVER_SENT as error:
            raise NotSent(f"{type(error).__name__}: {error}", service=SERVICE) from error
        except httpx.HTTPError as error:
            raise AnswerLost(f"{type(error).__name__}: {error}", service=SERVICE) from error
        if not answer.is_success:
            raise self._refusal(answer)
        return str(_said(answer).get("name", ""))

    def _refusal(self, answer: httpx.Response) -> GatewayError:
        status, fault = answer.status_code, _said(answer).get("error", {})
        fault = fault if isinstance(fault, dict) else {}
        codes = {str(each.get("errorCode")) for each in _details(fault)} | {str(fault.get("status"))}
        detail = f"{fault.get('message') or answer.text}"[:DETAIL_LENGTH]
        if status == httpx.codes.TOO_MANY_REQUESTS:
            wait = retry_after(answer.headers, LONGEST_WAIT)
            return PushLimited(detail, retry_after=wait, status=status)
        if answer.is_server_error:
            failure = ServerFault(detail, service=SERVICE, status=status)
            failure.retry_after = retry_after(answer.headers, LONGEST_WAIT)  # type: ignore[attr-defined]  # read by name
            return failure
        if UNREGISTERED in codes:
            return TokenUnregistered(detail, service=SERVICE, status=status, code=UNREGISTERED)
        if status in {401, 403, 404} or codes & OURS:
            self._tokens.forget()
            return AccountRefused(detail, service=SERVICE, status=status)
        return PayloadRefused(detail, service=SERVICE, status=status)


def _said(answer: httpx.Response) -> dict[str, Any]:
    try:
        said = read_json(answer.content)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}


def _details(fault: dict[str, Any]) -> Iterator[dict[str, Any]]:
    details = fault.get("details")
    yield from (each for each in details or () if isinstance(each, dict))


@asynccontextmanager
async def open_push(url: str, account: Path | None, *, at_once: int) -> AsyncIterator[Push]:
    """Give FCM at an address; without the file of an `account` each push waits for one."""
    limits = httpx.Limits(max_connections=at_once)
    async with httpx.AsyncClient(timeout=TIMEOUT, limits=limits, verify=trusted()) as http:
        yield Push(http, url, AccessTokens(http, account), at_once)
