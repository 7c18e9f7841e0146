"""What surrounds each request: its id, its line in the log, and headers that every answer has."""

import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mainspring.contracts.text import HIDDEN

log = structlog.get_logger(__name__)

REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")

# What follows is a token that is as good as a key.
SECRET_PATHS = ("/unsubscribe/",)
LONGEST_LOGGED = 300

SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


class Requests:
    """Gives each request an id, the caller's own if it has a usable one, and logs how it was answered.

    What is in `state.headers` of a request is in the headers of its answer.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get("x-request-id", "")
        request_id = given if REQUEST_ID.fullmatch(given) else uuid4().hex
        scope.setdefault("state", {})["request_id"] = request_id
        began, status = time.monotonic(), 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
                headers.update(scope["state"].get("headers", {}))
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self._app(scope, receive, answer)
            finally:
                milliseconds = round((time.monotonic() - began) * 1_000, 1)
                path = logged_path(scope["path"])
                log.info("request", method=scope["method"], path=path, status=status, ms=milliseconds)


def logged_path(path: str) -> str:
    """Return as much of a path as a log may have: no token, and no more than a line."""
    for secret in SECRET_PATHS:
        if path.startswith(secret) and path != secret:
            return f"{secret}{HIDDEN}"
    return path if len(path) <= LONGEST_LOGGED else f"{path[:LONGEST_LOGGED]}…"
