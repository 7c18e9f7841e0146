"""The vendor's routes over HTTP, with the faults that concern the connection."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response, StreamingResponse

from mainspring.emulators.http import Connections
from mainspring.emulators.justtcg.calls import Call, Calls
from mainspring.emulators.justtcg.faults import Fault, Faults
from mainspring.emulators.justtcg.plans import minute_of
from mainspring.emulators.justtcg.vendor import Answered, Asked, Vendor

PREFIX = "/v1"

# What may befall a call that was counted; several may at once.
AFTERWARDS = (
    Fault.SERVER_ERROR,
    Fault.NO_METADATA,
    Fault.NO_META,
    Fault.SLOW,
    Fault.DROPPED_AFTER,
    Fault.NOT_JSON,
    Fault.LOST_ANSWER,
)


class VendorApp:
    """Turns requests into the vendor's answers, and keeps every call in `calls`."""

    def __init__(
        self,
        vendor: Vendor,
        faults: Faults,
        calls: Calls,
        connections: Connections,
        now: Callable[[], datetime],
    ) -> None:
        self._vendor = vendor
        self._faults = faults
        self._calls = calls
        self._connections = connections
        self._now = now

    async def respond(self, request: Request) -> Response:
        """Answer one request, or break its connection."""
        asked, now = await _asked(request), self._now().astimezone(UTC)
        if self._faults.strikes(Fault.DROPPED_BEFORE):
            self._log(asked, now, None, (Fault.DROPPED_BEFORE,))
            return await self._drop(request)
        answered = self._vendor.answer(asked, now)
        struck = [f for f in AFTERWARDS if answered.is_counted and self._faults.strikes(f)]
        if Fault.SERVER_ERROR in struck:
            answered = Answered(500, {"error": "Internal server error", "code": "INTERNAL_ERROR"}, True)
        self._log(asked, now, answered, tuple(struck))
        for fault, part in ((Fault.NO_METADATA, "_metadata"), (Fault.NO_META, "meta")):
            if fault in struck:
                answered.body.pop(part, None)
        if Fault.SLOW in struck:
            await asyncio.sleep(self._faults.slow_seconds)
        if Fault.DROPPED_AFTER in struck:
            return await self._drop(request)
        if Fault.NOT_JSON in struck:
            return HTMLResponse("<h1>Back soon</h1>")
        if Fault.LOST_ANSWER in struck:
            return self._torn(request, answered)
        return JSONResponse(answered.body, answered.status, self._headers(answered, now))

    def _headers(self, answered: Answered, now: datetime) -> dict[str, str]:
        if not (answered.body.get("code") == "RATE_LIMIT_EXCEEDED" and self._faults.sends_retry_after):
            return {}
        left = minute_of(now) + timedelta(minutes=1) - now
        return {"Retry-After": str(int(left.total_seconds()) + 1)}

    async def _drop(self, request: Request) -> Response:
        await self._connections.abort(request.client)
        return Response()  # nobody is there to read it

    def _torn(self, request: Request, answered: Answered) -> Response:
        content = json.dumps(answered.body).encode()

        async def half() -> AsyncIterator[bytes]:
            yield content[: len(content) // 2]
            await self._connections.abort(request.client)

        headers = {"Content-Length": str(len(content)), "Content-Type": "application/json"}
        return StreamingResponse(half(), answered.status, headers)

    def _log(self, asked: Asked, now: datetime, answered: Answered | None, faults: tuple[Fault, ...]) -> None:
        is_answered = answered and not {Fault.DROPPED_AFTER, Fault.LOST_ANSWER} & set(faults)
        items = asked.items if isinstance(asked.items, list) else []
        ids = [item.get("variantId") for item in items if isinstance(item, dict)]
        self._calls.append(
            Call(
                at=now,
                key=asked.key or "",
                method=asked.method,
                path=asked.path,
                params=asked.params,
                variant_ids=tuple(each for each in ids if isinstance(each, str)),
                items=len(items),
                status=answered.status if answered and is_answered else None,
                code=answered.body.get("code") if answered else None,
                is_counted=answered is not None and answered.is_counted,
                faults=tuple(str(fault) for fault in faults),
            )
        )


async def _asked(request: Request) -> Asked:
    return Asked(
        key=request.headers.get("x-api-key"),
        method=request.method,
        path=request.url.path.removeprefix(PREFIX),
        params=dict(request.query_params),
        items=_parsed(await request.body()) if request.method == "POST" else None,
    )


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None
