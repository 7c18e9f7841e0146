"""Claude as one thing: start it, order faults, read what was asked and what it would have cost."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mainspring.emulators.base import Control, change_settings
from mainspring.emulators.claude.counts import Counts
from mainspring.emulators.claude.faults import STATUSES, ClaudeFault
from mainspring.emulators.claude.messages import message_of, text_of
from mainspring.emulators.faults import FaultQueue
from mainspring.emulators.http import Connections, HttpEmulator

SETTINGS = ("retry_after_seconds", "slow_seconds", "fault")


class ClaudeEmulator(HttpEmulator):
    """The API of Anthropic, as far as structured messages need it; `key` is the only one that is accepted.

    `fault` is how every call goes wrong until it is None again; `faults` are those of the next calls.
    """

    def __init__(self, *, key: str = "emulator", port: int = 0) -> None:
        self.key = key
        self.counts = Counts()
        self.faults: FaultQueue[ClaudeFault] = FaultQueue()
        self.fault: ClaudeFault | None = None
        self.retry_after_seconds = 1
        self.slow_seconds = 1.0
        routes = [
            Route("/v1/messages", self._message, methods=["POST"]),
            Route("/v1/models", self._models, methods=["GET"]),
        ]
        super().__init__(Starlette(routes=routes), Connections(), port)

    @property
    def control(self) -> Control:
        """The order faults, such as `{"next": ["overloaded", null, "refusal"]}`, and reset."""
        return Control(
            orders={"faults": self._order_faults, "reset": self.reset},
            views={"prompts": lambda: self.counts.prompts},
            state=lambda: self.counts.state,
        )

    def reset(self) -> None:
        """Forget what was asked, and let nothing go wrong."""
        self.counts.clear()
        self.faults.clear()
        self.fault = None

    def _order_faults(
        self,
        *,
        next: list[str | None] | None = None,  # noqa: A002  # the name of the JSON field
        **settings: Any,
    ) -> None:
        self.faults.next(*(None if name is None else ClaudeFault(name) for name in next or ()))
        if settings.get("fault") is not None:
            settings["fault"] = ClaudeFault(settings["fault"])
        change_settings(self, SETTINGS, settings)

    async def _message(self, request: Request) -> Response:
        self.counts.calls += 1
        fault = self.faults.take() if self.faults else self.fault
        if not self._is_known(request):
            fault = ClaudeFault.UNAUTHORIZED
        asked: Mapping[str, Any] = await request.json()
        self.counts.prompts.append(text_of(asked))
        if fault in STATUSES:
            return self._refusal(fault)
        if fault is ClaudeFault.DROP:
            await self._connections.abort(request.client)
            return Response()
        if fault is ClaudeFault.SLOW:
            await asyncio.sleep(self.slow_seconds)
            if await request.is_disconnected():
                return Response()
        message = message_of(asked, fault)
        self.counts.charge(asked["model"], message["usage"])
        return JSONResponse(message)

    async def _models(self, request: Request) -> Response:
        if not self._is_known(request):
            return self._refusal(ClaudeFault.UNAUTHORIZED)
        return JSONResponse({"data": [], "has_more": False, "first_id": None, "last_id": None})

    def _is_known(self, request: Request) -> bool:
        given = request.headers.get("x-api-key") or request.headers.get("authorization", "")
        return given.removeprefix("Bearer ") == self.key

    def _refusal(self, fault: ClaudeFault) -> Response:
        status, kind = STATUSES[fault]
        error = {"type": "error", "error": {"type": kind, "message": f"the emulator was told so: {fault}"}}
        waits = status in {429, 529}
        headers = {"retry-after": str(self.retry_after_seconds)} if waits else {}
        return JSONResponse(error, status, headers)
