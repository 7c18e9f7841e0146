"""The mint appraises coins: `POST {base_url}/appraise` with a list of ids, ten times a day."""

from collections.abc import Sequence
from dataclasses import dataclass

from mainspring.domain.quota import Calendar, WindowBudget
from mainspring.gateways.errors import MalformedAnswer
from mainspring.gateways.json_http import JsonHttp

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

    def __init__(self, http: JsonHttp) -> None:
        self._http = http

    async def appraise(self, coin_ids: Sequence[str]) -> Appraisal:
        """Return what the coins are worth that the mint knows. One request; raises GatewayErrors."""
        answer = await self._http.post("/appraise", list(coin_ids))
        try:
            prices = {str(coin): int(price) for coin, price in answer.items()}
        except (ValueError, AttributeError) as error:
            raise MalformedAnswer(str(error), service=SERVICE) from error
        return Appraisal({coin: price for coin, price in prices.items() if coin in coin_ids})
