"""JSON over HTTP with one vendor: every fault comes as a GatewayError, which says whether to try again.

async with open_json_http("the registry", "https://registry.example") as http:
    names = await http.post("/names", ["4006381333931"])
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from mainspring.gateways.certificates import trusted
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
from mainspring.gateways.json_body import read_json
from mainspring.gateways.retry_after import retry_after

# A connection that does not come up is given up sooner than an answer that takes the vendor a while.
TIMEOUT = httpx.Timeout(30, connect=10)

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
NOT_ACCEPTED = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)

# No answer makes a quota wait for longer, however its Retry-After is meant.
LONGEST_WAIT = timedelta(days=1)

# How much of an error page is worth keeping.
DETAIL_LENGTH = 200


class JsonHttp:
    """Requests to the paths below a vendor's address."""

    def __init__(self, http: httpx.AsyncClient, service: str, base_url: str) -> None:
        self._http = http
        self._service = service
        self._base_url = base_url.rstrip("/")

    async def get(self, path: str, **params: str | int) -> Any:
        """Return what the vendor has at a path. One request; raises GatewayErrors."""
        return await self._ask("GET", path, params=params)

    async def post(self, path: str, body: Any) -> Any:
        """Send JSON to a path and return the answer. One request; raises GatewayErrors."""
        return await self._ask("POST", path, json=body)

    async def _ask(self, method: str, path: str, **request: Any) -> Any:
        try:
            answer = await self._http.request(method, self._base_url + path, **request)
        except NEVER_SENT as error:
            raise NotSent(_named(error), service=self._service) from error
        except httpx.TransportError as error:
            raise Unreachable(_named(error), service=self._service) from error
        except httpx.RequestError as error:
            raise MalformedAnswer(_named(error), service=self._service) from error
        if not answer.is_success:
            raise self._refusal(answer)
        try:
            return read_json(answer.content)
        except (ValueError, RecursionError) as error:
            raise MalformedAnswer(
                "the body is not JSON", service=self._service, status=answer.status_code
            ) from error

    def _refusal(self, answer: httpx.Response) -> GatewayError:
        status, detail = answer.status_code, answer.text[:DETAIL_LENGTH]
        if answer.is_server_error:
            return ServerFault(detail, service=self._service, status=status)
        if status == httpx.codes.TOO_MANY_REQUESTS:
            wait = retry_after(answer.headers, LONGEST_WAIT)
            return LimitExceeded(detail, service=self._service, status=status, retry_after=wait)
        kind = CredentialsRefused if status in NOT_ACCEPTED else Refused
        return kind(detail, service=self._service, status=status)


def _named(error: httpx.RequestError) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


@asynccontextmanager
async def open_json_http(
    service: str, base_url: str, *, headers: Mapping[str, str] | None = None
) -> AsyncIterator[JsonHttp]:
    """Give a vendor's address, over connections that are closed at the end.

    `service` is what errors call the vendor; `headers` go with each request, such as a key.
    """
    async with httpx.AsyncClient(timeout=TIMEOUT, verify=trusted(), headers=headers) as http:
        yield JsonHttp(http, service, base_url)
