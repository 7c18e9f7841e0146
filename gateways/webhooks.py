"""Webhooks: telling a subscriber's receiver over HTTP, signed as Standard Webhooks has it.

The specification is at https://www.standardwebhooks.com, read in November 2026. The receiver is a stranger's:
it is connected to only at public addresses, its redirects are not followed, and little of its answer is read.
"""

import asyncio
import time
import zlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
from standardwebhooks.webhooks import Webhook

from mainspring.contracts.retry import Retry
from mainspring.gateways.addresses import AddressGuard, guarded_transport
from mainspring.gateways.errors import LimitExceeded, NotSent, Refused, ServerFault, Unreachable
from mainspring.gateways.lookups import Lookups, LookupsBusy
from mainspring.gateways.network import Network
from mainspring.gateways.retry_after import retry_after
from mainspring.gateways.urls import host_of

# A receiver that needs longer than this does its work before it answers; it should do so after.
ANSWER_WITHIN = timedelta(seconds=10)
CONNECT_WITHIN = timedelta(seconds=5)

# An idle connection is used again within this time only. Receivers close theirs after 2 s (gunicorn) or 5 s
# (Node, uvicorn, Apache), and a delivery that is sent at that very moment has no answer.
KEPT_FOR = timedelta(seconds=1)

# Requests under way at once in a process are 25 x 20: below the 1,024 files that one may usually open. httpx
# looks at every connection of a pool for each request: 6 ms of CPU with 100 in one pool, 1 ms with few.
POOLS = 25
AT_ONCE_IN_A_POOL = 20

# An answer is read so that its connection can be used again; nobody needs to say more than this.
LONGEST_ANSWER = 64 * 1024

# Nobody may put a delivery off for longer than this by `Retry-After`.
LONGEST_RETRY_AFTER = timedelta(hours=2)

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, NotSent)


class ReceiverGone(Refused):
    """The receiver is gone for good (410)."""

    retry = Retry.NEVER


class Webhooks:
    """Posts to receivers, over connections that are kept open in `pools`."""

    def __init__(
        self, pools: Sequence[httpx.AsyncClient], answer_within: timedelta, network: Network
    ) -> None:
        self._pools = pools
        self._network = network
        self._answer_within = answer_within
        self._under_way = [0] * len(pools)
        self._turns = asyncio.Semaphore(len(pools) * AT_ONCE_IN_A_POOL)

    async def deliver(
        self,
        url: str,
        secret: str,
        *,
        former_secret: str | None = None,
        message_id: str,
        at: datetime,
        body: str,
    ) -> int:
        """Post `body` and return the status, one of the 200s. `at` is the time of this attempt.

        With a `former_secret` there is a signature by each, so that a receiver may know either.

        Raises NotSent, Unreachable, ServerFault (5xx), LimitExceeded (429, with `retry_after`), ReceiverGone
        (410), AddressRefused, or Refused for any other status, redirects among them. LookupsBusy and
        NetworkAway say nothing of the receiver.
        """
        headers = {
            "content-type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(int(at.timestamp())),
            "webhook-signature": " ".join(
                Webhook(each).sign(message_id, at, body) for each in (secret, former_secret) if each
            ),
        }
        service, was_heard, trace = host_of(url), self._network.is_heard, _Trace()
        try:
            async with self._pool_for(service) as http, asyncio.timeout(self._answer_within.total_seconds()):
                answer = await _post(http, url, headers, body, trace)
        except LookupsBusy:
            raise
        except NEVER_SENT as error:
            kind = self._network.judge(error, was_heard=was_heard)
            raise kind(_said(error), service=service) from error
        except TimeoutError as error:
            if trace.has_connected:
                raise Unreachable("no answer in time", service=service) from error
            kind = self._network.judge(error, was_heard=was_heard)
            raise kind("no connection in time", service=service) from error
        except httpx.TransportError as error:
            raise Unreachable(_said(error), service=service) from error
        self._network.hear()
        if answer.is_success:
            return answer.status_code
        raise _refusal(answer)

    @asynccontextmanager
    async def _pool_for(self, host: str) -> AsyncIterator[httpx.AsyncClient]:
        """Give the host's own pool, which has a connection to it, or the next one that is not busy."""
        async with self._turns:
            own = zlib.crc32(host.encode())
            places = [(own + n) % len(self._pools) for n in range(len(self._pools))]
            place = next(each for each in places if self._under_way[each] < AT_ONCE_IN_A_POOL)
            self._under_way[place] += 1
            try:
                yield self._pools[place]
            finally:
                self._under_way[place] -= 1


@asynccontextmanager
async def open_webhooks(
    *,
    allow_private: bool = False,
    lookups: Lookups | None = None,
    answer_within: timedelta = ANSWER_WITHIN,
    seconds: Callable[[], float] = time.monotonic,
    kept_for: timedelta = KEPT_FOR,
) -> AsyncIterator[Webhooks]:
    """Give the gateway, over connections that are closed at the end, or when they are idle for `kept_for`.

    A receiver that has not answered within `answer_within` is given up. `seconds` is the clock by which
    receivers were heard lately.
    """
    guard = AddressGuard(allow_private=allow_private, lookups=lookups)
    limits = httpx.Limits(
        max_connections=AT_ONCE_IN_A_POOL,
        max_keepalive_connections=AT_ONCE_IN_A_POOL,
        keepalive_expiry=kept_for.total_seconds(),
    )
    timeout = httpx.Timeout(answer_within.total_seconds(), connect=CONNECT_WITHIN.total_seconds())
    async with AsyncExitStack() as stack:
        pools = [
            httpx.AsyncClient(
                transport=guarded_transport(guard, limits=limits),
                timeout=timeout,
                headers={"user-agent": "mainspring-webhooks"},
                # One receiver's cookies are nothing for another one's: none is ever kept.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=())),
                # A proxy would do the connecting, and nobody would look where to.
                trust_env=False,
            )
            for _ in range(POOLS)
        ]
        for pool in pools:
            await stack.enter_async_context(pool)
        yield Webhooks(pools, answer_within, Network(seconds))


class _Trace:
    """What httpcore tells of a request: whether there was a connection to send the request on."""

    has_connected = False

    async def __call__(self, event: str, _info: object) -> None:
        self.has_connected = self.has_connected or event.endswith("send_request_headers.started")


async def _post(
    http: httpx.AsyncClient, url: str, headers: dict[str, str], body: str, trace: _Trace
) -> httpx.Response:
    extensions = {"trace": trace}
    async with http.stream(
        "POST", url, content=body.encode(), headers=headers, extensions=extensions
    ) as answer:
        length = 0
        # What is not read to its end closes the connection.
        async for chunk in answer.aiter_raw():
            length += len(chunk)
            if length > LONGEST_ANSWER:
                break
        return answer


def _refusal(answer: httpx.Response) -> ServerFault | LimitExceeded | Refused:
    status, service = answer.status_code, answer.url.host
    if answer.is_server_error:
        return ServerFault(f"HTTP {status}", service=service, status=status)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        after = retry_after(answer.headers, LONGEST_RETRY_AFTER)
        return LimitExceeded(f"HTTP {status}", service=service, status=status, retry_after=after)
    if status == httpx.codes.GONE:
        return ReceiverGone(f"HTTP {status}", service=service, status=status)
    if answer.is_redirect:
        return Refused(f"HTTP {status}: redirects are not followed", service=service, status=status)
    return Refused(f"HTTP {status}", service=service, status=status)


def _said(error: Exception) -> str:
    words = error.detail if isinstance(error, NotSent) else str(error)
    return words or type(error).__name__
