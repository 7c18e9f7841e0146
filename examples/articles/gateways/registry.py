"""The barcode registry: `POST /brands` with up to 500 barcodes gives their brands, 30 times a day."""

from collections.abc import Sequence
from dataclasses import dataclass

from mainspring.domain.quota import Calendar, WindowBudget
from mainspring.gateways.errors import MalformedAnswer
from mainspring.gateways.json_http import JsonHttp

SERVICE = "the barcode registry"
PAGE = 500
BUDGET = WindowBudget(SERVICE, "requests", (Calendar("day", 30, "day"),))
LONGEST_BRAND = 100


@dataclass(frozen=True)
class Brands:
    """The brands by barcode. The registry does not say what is left of the quota."""

    by_ean: dict[str, str]
    usage: None = None


class Registry:
    """The registry's calls."""

    def __init__(self, http: JsonHttp) -> None:
        self._http = http

    async def brands(self, eans: Sequence[str]) -> Brands:
        """Return the brands of barcodes. One request; raises GatewayErrors."""
        answer = await self._http.post("/brands", list(eans))
        if not isinstance(answer, dict):
            raise MalformedAnswer("the brands are no object", service=SERVICE)
        known = {ean: answer.get(ean) for ean in eans}
        return Brands({ean: brand[:LONGEST_BRAND] for ean, brand in known.items() if isinstance(brand, str)})
