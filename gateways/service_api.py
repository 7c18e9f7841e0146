"""The HTTP API of a Mainspring that runs elsewhere: calls, and streams of events that are opened again.

async with open_service_api("https://mainspring.example", api_key, patience=timedelta(seconds=20)) as api:
    task = await api.call("GET", "/v1/tasks/7f0c3f6e-1a53-4b66-9a3f-0f6c0f0d2a11")
"""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx

from mainspring.gateways.certificates import trusted
from mainspring.gateways.errors import GatewayError, MalformedAnswer, NotSent, Unreachable
from mainspring.gateways.json_body import read_json
from mainspring.gateways.retry_after import retry_after
from mainspring.gateways.server_events import LAST_EVENT_ID, ServerEvent, ServerEvents

SERVICE = "Mainspring"

# The service says every 15 seconds that a stream is alive, and answers any other call sooner than that.
TIMEOUT = httpx.Timeout(40, connect=10)

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
COME_BACK = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)

# Between two attempts, unless the answer says how long.
PAUSE = timedelta(milliseconds=500)
LONGEST_PAUSE = timedelta(minutes=5)

Params = Mapping[str, Any]


class ProblemAnswered(GatewayError):
    """The service answered with a problem.

    `problem` is its body, as RFC 9457 has it.
    """

    def __init__(self, status: int, problem: Mapping[str, Any], retry_after: timedelta | None) -> None:
        super().__init__(str(problem.get("detail", "")), service=SERVICE, status=status)
        self.problem = problem
        self.retry_after = retry_after


class ServiceApi:
    """Calls to one service with one key. What is safe to call again is called again for `patience`."""

    def __init__(self, http: httpx.AsyncClient, patience: timedelta) -> None:
        self._http = http
        self._patience = patience

    async def call(
        self,
        method: str,
        path: str,
        *,
        body: Any = None,
        params: Params | None = None,
        headers: Mapping[str, str] | None = None,
        is_repeatable: bool = False,
    ) -> Any:
        """Return what the service answers; None for an answer without a body.

        A call that may have been heard is made again only if it `is_repeatable`, as a GET is.

        Raises ProblemAnswered: when the service refuses, or cannot do it now.
        Raises Unreachable: when there is no answer; NotSent, which is one, when nothing was sent.
        Raises MalformedAnswer: when the answer is not the service's.
        """
        request = {"json": body, "params": params, "headers": headers}
        given = {name: value for name, value in request.items() if value is not None}
        deadline = time.monotonic() + self._patience.total_seconds()
        while True:
            try:
                return _body_of(await self._ask(method, path, **given))
            except GatewayError as error:
                pause = _pause_after(error, is_repeatable=is_repeatable or method == "GET")
                if pause is None or time.monotonic() + pause.total_seconds() > deadline:
                    raise
            await asyncio.sleep(pause.total_seconds())

    async def events(self, path: str, last_id: str | None = None) -> AsyncGenerator[ServerEvent, None]:
        """Give the events of a stream, over broken connections and restarts, until the service answers 204.

        `last_id` is the id of the last event that the caller has had before.

        Raises ProblemAnswered, Unreachable: as `call` does, once no stream could be opened for `patience`.
        """
        events = ServerEvents(last_id)
        tries_until: float | None = None
        while True:
            pause: timedelta | None = events.retry
            try:
                async with self._stream(path, events.last_id) as answer:
                    if answer.status_code == httpx.codes.NO_CONTENT:
                        return
                    tries_until = None
                    async for event in events.read(answer.aiter_bytes()):
                        yield event
                pause = events.retry
            except GatewayError as error:
                pause = _pause_after(error, is_repeatable=True)
                tries_until = tries_until or time.monotonic() + self._patience.total_seconds()
                if pause is None or time.monotonic() + pause.total_seconds() > tries_until:
                    raise
            await asyncio.sleep(pause.total_seconds())

    @asynccontextmanager
    async def _stream(self, path: str, last_id: str | None) -> AsyncIterator[httpx.Response]:
        headers = {"Accept": "text/event-stream"} | ({LAST_EVENT_ID: last_id} if last_id else {})
        try:
            async with self._http.stream("GET", path, headers=headers) as answer:
                if not answer.is_success:
                    await answer.aread()
                    raise _problem_of(answer)
                yield answer
        except httpx.TransportError as error:
            raise _unreachable(error) from error

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answer = await self._http.request(method, path, **request)
        except httpx.TransportError as error:
            raise _unreachable(error) from error
        except httpx.RequestError as error:
            raise MalformedAnswer(str(error), service=SERVICE) from error
        if not answer.is_success:
            raise _problem_of(answer)
        return answer


def _unreachable(error: httpx.TransportError) -> Unreachable:
    kind = NotSent if isinstance(error, NEVER_SENT) else Unreachable
    return kind(f"{type(error).__name__}: {error}".rstrip(": "), service=SERVICE)


def _body_of(answer: httpx.Response) -> Any:
    if not answer.content:
        return None
    try:
        return read_json(answer.content)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswer("the body is not JSON", service=SERVICE, status=answer.status_code) from error


def _problem_of(answer: httpx.Response) -> ProblemAnswered:
    try:
        problem = read_json(answer.content)
    except (ValueError, RecursionError):
        problem = None
    if not isinstance(problem, dict):  # a proxy's own page
        problem = {"detail": answer.reason_phrase}
    return ProblemAnswered(answer.status_code, problem, retry_after(answer.headers, LONGEST_PAUSE))


def _pause_after(error: GatewayError, *, is_repeatable: bool) -> timedelta | None:
    """Return when to try again; None when that is not safe, or does not help."""
    if isinstance(error, NotSent) or (isinstance(error, Unreachable) and is_repeatable):
        return PAUSE
    if not isinstance(error, ProblemAnswered) or error.status not in COME_BACK:
        return None
    # Too many calls: nothing was done. Too many tasks, which has a code: waiting is for the caller to decide.
    is_of_calls = error.status == httpx.codes.TOO_MANY_REQUESTS and error.problem.get("code") is None
    is_away = error.status == httpx.codes.SERVICE_UNAVAILABLE and is_repeatable
    return (error.retry_after or PAUSE) if is_of_calls or is_away else None


@asynccontextmanager
async def open_service_api(
    url: str, api_key: str, *, patience: timedelta, headers: Mapping[str, str] | None = None
) -> AsyncIterator[ServiceApi]:
    """Give the API at an address, over connections that are closed at the end. Nothing is called yet."""
    shown = {"Authorization": f"Bearer {api_key}", **(headers or {})}
    async with httpx.AsyncClient(
        base_url=url,
        headers=shown,
        timeout=TIMEOUT,
        verify=trusted(),
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20),
    ) as http:
        yield ServiceApi(http, patience)
