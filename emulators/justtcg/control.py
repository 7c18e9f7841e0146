"""What another process can order of the price service, and ask it."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mainspring.emulators.base import Control, change_settings
from mainspring.emulators.justtcg.faults import Fault

if TYPE_CHECKING:
    from mainspring.emulators.justtcg.server import JustTcgEmulator

SETTINGS = ("slow_seconds", "is_shuffled", "sends_retry_after", "tells_usage_in_refusals")


def control_of(emulator: "JustTcgEmulator") -> Control:
    """Return the orders keys, faults, prices/advance and reset, and the views calls and state."""

    def order_faults(
        *,
        next: Mapping[str, int] | None = None,  # noqa: A002  # the name of the JSON field
        rate: Mapping[str, float] | None = None,
        never_returned: Sequence[str] = (),
        clear: bool = False,
        **settings: Any,
    ) -> None:
        faults = emulator.faults
        if clear:
            faults.clear()
        for name, calls in (next or {}).items():
            faults.next(Fault(name), calls)
        for name, share in (rate or {}).items():
            faults.rate(Fault(name), share)
        faults.never_returned.update(never_returned)
        change_settings(faults, SETTINGS, settings)

    return Control(
        orders={
            "keys": emulator.add_key,
            "faults": order_faults,
            "prices/advance": emulator.advance_prices,
            "reset": emulator.reset,
        },
        views={"calls": lambda: [call.as_json() for call in emulator.calls]},
        state=lambda: _state(emulator),
    )


def _state(emulator: "JustTcgEmulator") -> dict[str, Any]:
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
