"""The routes under `/_sandbox`, for a test or a demo in another process. JSON in, JSON out."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

CONTROL_PREFIX = "/_sandbox"

Order = Callable[[dict[str, Any]], None]
View = Callable[[], Any]


def control_routes(orders: Mapping[str, Order], views: Mapping[str, View], state: View) -> list[Route]:
    """Return a POST route for each order, which answers with the state, and a GET route for each view.

    A wrong order is a 400 that says why.
    """

    def obeying(order: Order) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                order(await request.json() if await request.body() else {})
            except (ValueError, TypeError, KeyError) as error:
                return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
            return JSONResponse(state())

        return endpoint

    def showing(view: View) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(_request: Request) -> Response:
            return JSONResponse(view())

        return endpoint

    return [
        *(
            Route(f"{CONTROL_PREFIX}/{name}", obeying(each), methods=["POST"])
            for name, each in orders.items()
        ),
        *(
            Route(f"{CONTROL_PREFIX}/{name}", showing(each))
            for name, each in {**views, "state": state}.items()
        ),
    ]
