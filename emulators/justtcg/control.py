"""What a test or a demo in another process can order of the price service, and ask it."""

from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from mainspring.emulators.control import control_routes
from mainspring.emulators.justtcg.faults import Fault

if TYPE_CHECKING:
    from mainspring.emulators.justtcg.server import JustTcgEmulator

SETTINGS = ("slow_seconds", "is_shuffled", "sends_retry_after", "tells_usage_in_refusals")


def justtcg_routes(emulator: "JustTcgEmulator") -> list[Route]:
    """Return POST keys, faults, prices/advance, reset and GET calls, state; a wrong order is a 400."""
    return control_routes(
        {
            "keys": lambda order: emulator.add_key(**order),
            "faults": lambda order: _order_faults(emulator, order),
            "prices/advance": lambda order: emulator.advance_prices(**order),
            "reset": lambda _order: emulator.reset(),
        },
        {"calls": lambda: [call.as_json() for call in emulator.calls]},
        lambda: state(emulator),
    )


def state(emulator: "JustTcgEmulator") -> dict[str, Any]:
    """Return the seed, the step and the time, and the counters and high-water marks of every key."""
    return {
        "now": emulator.now().isoformat(),
        "seed": emulator.prices.seed,
        "step": emulator.prices.step,
        "calls": len(emulator.calls),
        "repeated_lookups": emulator.calls.repeated_lookups,
        "keys": {
            key: account.metadata(emulator.now())
            | {
                "anchor_day": account.anchor_day,
                "calls": len(emulator.calls.of(key)),
                "most_in_any_minute": emulator.calls.of(key).most_in_any_minute,
                "most_in_a_calendar_minute": emulator.calls.of(key).most_in_a_calendar_minute,
                "most_in_a_day": emulator.calls.of(key).most_in_a_day,
                "most_in_a_month": emulator.calls.of(key).most_in_a_month(account.anchor_day),
            }
            for key, account in emulator.accounts.items()
        },
    }


def _order_faults(emulator: "JustTcgEmulator", order: dict[str, Any]) -> None:
    """Obey `{"next": {fault: calls}, "rate": {fault: share}, "never_returned": [id], setting: value}`."""
    faults = emulator.faults
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
