"""The routes under `/_sandbox`, for a test or a demo in another process. JSON in, JSON out."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from mainspring.emulators.justtcg.faults import Fault

if TYPE_CHECKING:
    from mainspring.emulators.justtcg.server import JustTcgEmulator

SETTINGS = ("slow_seconds", "is_shuffled", "sends_retry_after", "tells_usage_in_refusals")

Order = Callable[["JustTcgEmulator", dict[str, Any]], None]


def control_routes(sandbox: "JustTcgEmulator") -> list[Route]:
    """Return POST keys, faults, prices/advance, reset and GET calls, state; a wrong order is a 400."""

    def obeying(order: Order) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            try:
                order(sandbox, await request.json() if await request.body() else {})
            except (ValueError, TypeError, KeyError) as error:
                return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
            return JSONResponse(state(sandbox))

        return endpoint

    async def calls(_request: Request) -> Response:
        return JSONResponse([call.as_json() for call in sandbox.calls])

    async def present(_request: Request) -> Response:
        return JSONResponse(state(sandbox))

    return [
        Route("/_sandbox/keys", obeying(_add_key), methods=["POST"]),
        Route("/_sandbox/faults", obeying(_order_faults), methods=["POST"]),
        Route("/_sandbox/prices/advance", obeying(_advance), methods=["POST"]),
        Route("/_sandbox/reset", obeying(_reset), methods=["POST"]),
        Route("/_sandbox/calls", calls),
        Route("/_sandbox/state", present),
    ]


def state(sandbox: "JustTcgEmulator") -> dict[str, Any]:
    """Return the seed, the step and the time, and the counters and high-water marks of every key."""
    return {
        "now": sandbox.now().isoformat(),
        "seed": sandbox.prices.seed,
        "step": sandbox.prices.step,
        "calls": len(sandbox.calls),
        "repeated_lookups": sandbox.calls.repeated_lookups,
        "keys": {
            key: account.metadata(sandbox.now())
            | {
                "anchor_day": account.anchor_day,
                "calls": len(sandbox.calls.of(key)),
                "most_in_any_minute": sandbox.calls.of(key).most_in_any_minute,
                "most_in_a_calendar_minute": sandbox.calls.of(key).most_in_a_calendar_minute,
                "most_in_a_day": sandbox.calls.of(key).most_in_a_day,
                "most_in_a_month": sandbox.calls.of(key).most_in_a_month(account.anchor_day),
            }
            for key, account in sandbox.accounts.items()
        },
    }


def _add_key(sandbox: "JustTcgEmulator", order: dict[str, Any]) -> None:
    sandbox.add_key(**order)


def _order_faults(sandbox: "JustTcgEmulator", order: dict[str, Any]) -> None:
    """Obey `{"next": {fault: calls}, "rate": {fault: share}, "never_returned": [id], setting: value}`."""
    faults = sandbox.faults
    if order.get("clear"):
        faults.clear()
    for name, calls in order.get("next", {}).items():
        faults.next(Fault(name), calls)
    for name, share in order.get("rate", {}).items():
        faults.rate(Fault(name), share)
    faults.never_returned.update(order.get("never_returned", ()))
    for setting in SETTINGS:
        if setting in order:
            setattr(faults, setting, order[setting])


def _advance(sandbox: "JustTcgEmulator", order: dict[str, Any]) -> None:
    sandbox.advance_prices(**order)


def _reset(sandbox: "JustTcgEmulator", _order: dict[str, Any]) -> None:
    sandbox.reset()
