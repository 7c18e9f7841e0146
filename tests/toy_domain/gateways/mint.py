"""The mint appraises coins: `POST {base_url}/appraise` with a list of ids, ten times a day."""

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from mainspring.domain.quota import Calendar, WindowBudget
from mainspring.gateways.errors import MalformedAnswer, NotSent, ServerFault, Unreachable

SERVICE = "the mint"
PAGE = 100
BUDGET = WindowBudget(SERVICE, "requests", (Calendar("day", 10, "day"),))


@dataclass(frozen=True)
class Appraisal:
    """What coins are worth, in cents. The mint says nothing of its quota."""

    prices_cents: dict[str, int]
    usage: None = None


class Mint:
    """The mint's calls."""

    def __init__(self, http: httpx.AsyncClient, base_url: str) -> None:
        self._http, self._base_url = http, base_url

    async def appraise(self, coin_ids: Sequence[str]) -> Appraisal:
        """Return what the coins are worth that the mint knows. One request; raises GatewayErrors."""
        try:
            answer = await self._http.post(f"{self._base_url}/appraise", json=list(coin_ids))
        except httpx.TransportError as error:
            kind = NotSent if isinstance(error, httpx.ConnectError) else Unreachable
            raise kind(str(error), service=SERVICE) from error
        if answer.is_server_error:
            raise ServerFault(service=SERVICE, status=answer.status_code)
        try:
            prices = {str(coin): int(price) for coin, price in answer.json().items()}
        except (ValueError, AttributeError) as error:
            raise MalformedAnswer(str(error), service=SERVICE) from error
        return Appraisal({coin: price for coin, price in prices.items() if coin in coin_ids})
