"""The head of a request, its path and its headers: bounded, however the server has read it."""

from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send

from mainspring.api.problems import Refused

# What is no id and no filter: each may be some hundred characters long.
LONGEST_PATH = 8_000

MOST_HEADERS = 100
LONGEST_HEADERS = 32_000


class BoundedHeads:
    """Refuses a request whose path or headers are too long; the connection is closed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        refused = _refused(scope) if scope["type"] == "http" else None
        if refused is None:
            await self._app(scope, receive, send)
        else:
            await refused.response(scope.get("state", {}).get("request_id"))(scope, receive, send)


def _refused(scope: Scope) -> Refused | None:
    path = len(scope.get("raw_path") or scope["path"].encode()) + len(scope["query_string"])
    headers = scope["headers"]
    closing = {"Connection": "close"}
    if path > LONGEST_PATH:
        detail = f"the path has {path} characters: {LONGEST_PATH} at most"
        return Refused(HTTPStatus.REQUEST_URI_TOO_LONG, "too-long", detail, headers=closing)
    if (
        len(headers) > MOST_HEADERS
        or sum(len(name) + len(value) for name, value in headers) > LONGEST_HEADERS
    ):
        detail = f"at most {MOST_HEADERS} headers with {LONGEST_HEADERS} bytes are accepted"
        return Refused(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "too-long", detail, headers=closing)
    return None
