"""The price service as one thing: start it, give out keys, order faults, read what was called."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from starlette.applications import Starlette
from starlette.routing import Route

from mainspring.emulators.base import Control
from mainspring.emulators.http import Connections, HttpEmulator
from mainspring.emulators.justtcg.accounts import Account
from mainspring.emulators.justtcg.app import PREFIX, VendorApp
from mainspring.emulators.justtcg.calls import Calls
from mainspring.emulators.justtcg.catalogue import Catalogue, catalogue
from mainspring.emulators.justtcg.control import control_of
from mainspring.emulators.justtcg.faults import Faults
from mainspring.emulators.justtcg.plans import PLANS
from mainspring.emulators.justtcg.prices import Prices
from mainspring.emulators.justtcg.vendor import Vendor
from mainspring.emulators.justtcg.wire import Wire


def wall_clock() -> datetime:
    """Return the present moment, aware, in UTC."""
    return datetime.now(UTC)


class JustTcgEmulator(HttpEmulator):
    """The price service.

    `seed` decides prices and chance; `now` is the vendor's clock. `base_url` is what the gateway is given.
    """

    def __init__(self, *, seed: int = 0, now: Callable[[], datetime] = wall_clock, port: int = 0) -> None:
        connections = Connections()
        self._moved = [now()]
        self.now = now
        self.prices = Prices(seed)
        self.faults = Faults(seed)
        self.calls = Calls()
        self._vendor = Vendor(Wire(self.prices, self._moved), self.faults)
        served = VendorApp(self._vendor, self.faults, self.calls, connections, now)
        routes = [Route(PREFIX + "/{rest:path}", served.respond, methods=["GET", "POST"])]
        super().__init__(Starlette(routes=routes), connections, port)

    @property
    def base_url(self) -> str:
        """The address of the API, for `gateways.justtcg.JustTcg`."""
        return f"{self.address}{PREFIX}"

    @property
    def catalogue(self) -> Catalogue:
        """What is for sale; made when something is first asked for."""
        return catalogue()

    @property
    def control(self) -> Control:
        """What another process can order and see."""
        return control_of(self)

    @property
    def accounts(self) -> dict[str, Account]:
        """The keys that were given out."""
        return self._vendor.accounts

    @property
    def variant_ids(self) -> tuple[str, ...]:
        """The id of every variant, in the order of the sets."""
        return self.catalogue.variant_ids

    def add_key(
        self,
        key: str,
        plan: str = "Free Tier",
        anchor_day: int = 1,
        *,
        minute: int | None = None,
        day: int | None = None,
        month: int | None = None,
        items: int | None = None,
    ) -> None:
        """Give out an unused key, with the plan's limits unless others are given; repeated, start it anew."""
        if plan not in PLANS:
            raise ValueError(f"no plan is called {plan!r}; known are {', '.join(PLANS)}")
        given = {"minute": minute, "day": day, "month": month, "items": items}
        limits = replace(PLANS[plan], **{name: limit for name, limit in given.items() if limit is not None})
        self.accounts[key] = Account(key, plan, limits, anchor_day)

    def use_elsewhere(self, key: str, requests: int) -> None:
        """Use up requests that nobody here sent, as another program with the same key would."""
        self.accounts[key].count(self.now().astimezone(UTC), requests)

    def price_cents(self, variant_id: str) -> int | None:
        """Return what a variant (slug or uuid) costs now; None when nobody offers it, KeyError if unknown."""
        return self.prices.cents(variant_id)

    def advance_prices(self, steps: int = 1) -> None:
        """Let the prices move; a moved price is dated now."""
        for _ in range(steps):
            self.prices.step += 1
            self._moved.append(self.now())

    def reset(self) -> None:
        """Forget calls, faults and what every key has used; the keys and the prices stay."""
        self.calls.clear()
        self.faults.clear()
        for account in list(self.accounts.values()):
            self.accounts[account.key] = Account(
                account.key, account.plan, account.limits, account.anchor_day
            )
