"""The routes under `/_sandbox`, for a test or a demo in another process. JSON in, JSON out."""

import re
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from mainspring.emulators.base import Control, Order, View

CONTROL_PREFIX = "/_sandbox"
THIS_MACHINE = re.compile(r"(localhost|127(\.[0-9]{1,3}){3})(:[0-9]{1,5})?", re.IGNORECASE)


def with_control(app: ASGIApp, control: Control) -> ASGIApp:
    """Return an app that serves the control routes, and leaves every other path to `app`."""
    routes = Starlette(routes=control_routes(control))

    async def respond(scope: Scope, receive: Receive, send: Send) -> None:
        chosen = routes if scope["path"].startswith(f"{CONTROL_PREFIX}/") else app
        if chosen is routes and _is_of_a_page(Headers(scope=scope)):
            chosen = JSONResponse({"error": "no page of a browser gives orders here"}, 403)
        await chosen(scope, receive, send)

    return respond


def _is_of_a_page(headers: Headers) -> bool:
    # A browser says one of the two of whatever a page asks for. A page that calls this machine by another
    # name (DNS rebinding) has that name in `Host`.
    by_script = "origin" in headers or headers.get("sec-fetch-site", "none") != "none"
    return by_script or not THIS_MACHINE.fullmatch(headers.get("host", ""))


def control_routes(control: Control) -> list[Route]:
    """Return a POST route for each order, which answers with the state, and a GET route for each view.

    A wrong order is a 400 that says why.
    """

    def obeying(order: Order) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                order(**(await request.json() if await request.body() else {}))
            except (ValueError, TypeError, KeyError) as error:
                return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
            return JSONResponse(control.state())

        return endpoint

    def showing(view: View) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(_request: Request) -> Response:
            return JSONResponse(view())

        return endpoint

    views = {**control.views, "state": control.state}
    return [
        *(
            Route(f"{CONTROL_PREFIX}/{name}", obeying(each), methods=["POST"])
            for name, each in control.orders.items()
        ),
        *(Route(f"{CONTROL_PREFIX}/{name}", showing(each)) for name, each in views.items()),
    ]
