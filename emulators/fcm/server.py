"""FCM as one thing: what each device was pushed, faults by device, and counters."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mainspring.emulators.base import Control
from mainspring.emulators.faults import FaultQueue
from mainspring.emulators.fcm.account import PROJECT, Account
from mainspring.emulators.fcm.faults import ANSWERS, FcmFault
from mainspring.emulators.http import Connections, HttpEmulator

LARGEST_PAYLOAD = 4096


class FcmEmulator(HttpEmulator):
    """FCM. `pushed` is what each device got, by its token; `counts` what was asked for.

    A token that is in `gone` is no longer registered. While `refuses_account` is set nobody gets an access
    token. Access tokens hold for `token_seconds`.
    """

    def __init__(self, port: int = 0) -> None:
        routes = [
            Route("/token", self._token, methods=["POST"]),
            Route("/v1/projects/{project}/messages:send", self._send, methods=["POST"]),
        ]
        super().__init__(Starlette(routes=routes), Connections(), port)
        self._account = Account()
        self._faults: dict[str, FaultQueue[FcmFault]] = {}
        self._access: set[str] = set()
        self.pushed: dict[str, list[dict[str, Any]]] = {}
        self.gone: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.refuses_account = False
        self.retry_after_seconds = 30
        self.token_seconds = 3600

    @property
    def account(self) -> dict[str, str]:
        """What the file of the service account says that this emulator accepts."""
        return self._account.file(f"{self.address}/token")

    @property
    def control(self) -> Control:
        """The order faults, such as `{"token": "t", "fault": "unregistered", "times": 2}`, and reset."""
        return Control(
            orders={"faults": self._order_fault, "reset": self._recover},
            views={"account": lambda: self.account, "pushed": lambda: self.pushed},
            state=lambda: dict(self.counts),
        )

    def fail(self, token: str, *faults: FcmFault | None) -> None:
        """Let the next pushes to a device go wrong, one in each of these ways."""
        self._faults.setdefault(token, FaultQueue()).next(*faults)

    def _order_fault(self, *, token: str, fault: str, times: int = 1) -> None:
        self.fail(token, *[FcmFault(fault)] * times)

    def _recover(self) -> None:
        self._faults.clear()
        self.gone.clear()
        self.refuses_account = False

    async def _token(self, request: Request) -> Response:
        self.counts["tokens"] += 1
        form = (await request.body()).decode()
        assertion = next((part[10:] for part in form.split("&") if part.startswith("assertion=")), "")
        if self.refuses_account or not self._account.has_signed(assertion):
            return JSONResponse({"error": "invalid_grant", "error_description": "Invalid JWT"}, 400)
        token = uuid4().hex
        self._access.add(token)
        answer = {"access_token": token, "expires_in": self.token_seconds, "token_type": "Bearer"}
        return JSONResponse(answer)

    async def _send(self, request: Request) -> Response:
        self.counts["requests"] += 1
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._access:
            return self._refusal(FcmFault.UNAUTHENTICATED)
        message = (await request.json())["message"]
        token = message["token"]
        fault = self._faults[token].take() if token in self._faults else None
        if token in self.gone:
            fault = FcmFault.UNREGISTERED
        if fault is FcmFault.DROPPED:
            await self._connections.abort(request.client)
            return Response()
        if fault in ANSWERS:
            return self._refusal(fault)
        if request.path_params["project"] != PROJECT or int(request.headers["content-length"]) > (
            LARGEST_PAYLOAD + len(token) + 100
        ):
            return self._refusal(FcmFault.INVALID_ARGUMENT)
        self.counts["delivered"] += 1
        self.pushed.setdefault(token, []).append(message)
        if fault is FcmFault.LOST_ANSWER:
            await self._connections.abort(request.client)
        return JSONResponse({"name": f"projects/{PROJECT}/messages/{uuid4().hex}"})

    def _refusal(self, fault: FcmFault) -> Response:
        self.counts[fault] += 1
        status, name, code = ANSWERS[fault]
        kind = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
        error = {"code": status, "status": name, "message": f"{fault} was ordered"}
        details = [{"@type": kind, "errorCode": code}]
        waits: Mapping[str, str] = (
            {"Retry-After": str(self.retry_after_seconds)} if fault is FcmFault.QUOTA_EXCEEDED else {}
        )
        return JSONResponse({"error": {**error, "details": details}}, status, headers=dict(waits))
