"""By which names a server on loopback is called: a page of a foreign site comes by a name of its own.

Such a page has no key. It is refused all the same, before anything is asked
(docs/decisions/0024-browser-pages.md).
"""

from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from mainspring.api.problems import Refused
from mainspring.client.validation import shown
from mainspring.devserver.browser_requests import THIS_MACHINE


class KnownHosts:
    """Refuses a request whose Host is neither this machine nor the address that the settings say."""

    def __init__(self, app: ASGIApp, public_url: str | None) -> None:
        self._app = app
        self._public = None if public_url is None else urlsplit(public_url).netloc.lower()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        if host.lower() == self._public or THIS_MACHINE.fullmatch(host):
            await self._app(scope, receive, send)
            return
        refused = Refused(
            HTTPStatus.MISDIRECTED_REQUEST,
            "unknown-host",
            f"Host: {shown(host)} is not accepted: this machine, or the host of MAINSPRING_API_PUBLIC_URL",
        )
        await refused.response(scope.get("state", {}).get("request_id"))(scope, receive, send)
