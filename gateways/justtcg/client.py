"""The price service's calls. Reads only: no quota is kept here, nothing is retried.

Each call is one request, and raises

- NotSent when no connection was made, so that a reserved request can be given back;
- Unreachable when the connection broke or the answer was late: the request may have been counted;
- ServerFault for 5xx; CredentialsRefused for 401; QuotaExceeded for 429; Refused for any other refusal;
- MalformedAnswer when a 200 is not the documented envelope.

Source: the vendor's documentation and its JavaScript client 0.5.0, November 2026.
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import httpx

from mainspring.gateways.errors import CredentialsRefused, MalformedAnswer, NotSent, Unreachable
from mainspring.gateways.justtcg.answers import CardsPage, Games, Lookup, SetsPage
from mainspring.gateways.justtcg.fields import whole
from mainspring.gateways.justtcg.parsing import Skipped, parse_cards, parse_games, parse_sets, parse_usage
from mainspring.gateways.justtcg.refusals import SERVICE, refusal

# What may stand in a header: visible ASCII. Anything else would fail inside httpx, in many ways.
API_KEY = re.compile(r"[!-~]*")

Params = Mapping[str, str | int]

# httpx raises these before the first byte of a request is written.
NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)


class JustTcg:
    """The price service at `base_url` (`https://api.justtcg.com/v1`), asked with a customer's API key."""

    def __init__(self, http: httpx.AsyncClient, base_url: str) -> None:
        self._http = http
        self._base_url = base_url.rstrip("/")

    async def games(self, api_key: str) -> Games:
        """Return every game the service knows."""
        body = await self._ask(api_key, "GET", "/games")
        skipped = Skipped()
        games = parse_games(body["data"], skipped)
        return Games(games, skipped.count, parse_usage(body))

    async def sets(self, api_key: str, game_id: str, limit: int, offset: int) -> SetsPage:
        """Return one page of a game's sets, by name."""
        params: Params = {
            "game": game_id,
            "orderBy": "name",
            "order": "asc",
            "limit": limit,
            "offset": offset,
        }
        body = await self._ask(api_key, "GET", "/sets", params=params)
        skipped = Skipped()
        sets = parse_sets(body["data"], skipped)
        next_offset, has_more, total = _paging(body, limit, offset)
        return SetsPage(sets, next_offset, has_more, total, skipped.count, parse_usage(body))

    async def cards(self, api_key: str, set_id: str, limit: int, offset: int) -> CardsPage:
        """Return one page of a set's cards with all their variants, also those without a price."""
        params: Params = {
            "set": set_id,
            "limit": limit,
            "offset": offset,
            "include_null_prices": "true",
            "include_price_history": "false",
        }
        body = await self._ask(api_key, "GET", "/cards", params=params)
        skipped = Skipped()
        cards = parse_cards(body["data"], skipped)
        next_offset, has_more, total = _paging(body, limit, offset)
        return CardsPage(cards, next_offset, has_more, total, skipped.count, parse_usage(body))

    async def lookup(self, api_key: str, variant_ids: Sequence[str]) -> Lookup:
        """Return the variants with these ids (slugs or uuids), in one request; none asked is no request.

        How many may be asked at once depends on the plan. The order of the answer means nothing.
        """
        asked = tuple(dict.fromkeys(variant_ids))
        if not asked:
            return Lookup({}, (), (), (), 0, None)
        items = [{"variantId": variant_id} for variant_id in asked]
        body = await self._ask(api_key, "POST", "/cards", items=items)
        skipped = Skipped()
        cards = parse_cards(body["data"], skipped)
        known = {name: each for card in cards for each in card.variants for name in (each.uuid, each.id)}
        return Lookup(
            variants={name: known[name] for name in asked if name in known},
            missing=tuple(n for n in asked if n not in known and n not in skipped.variant_ids),
            unreadable=tuple(n for n in asked if n not in known and n in skipped.variant_ids),
            cards=cards,
            malformed=skipped.count,
            usage=parse_usage(body),
        )

    async def _ask(
        self,
        api_key: str,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        items: Sequence[Mapping[str, str]] | None = None,
    ) -> Mapping[str, Any]:
        if not API_KEY.fullmatch(api_key):
            raise CredentialsRefused("the API key is invalid: it is not visible ASCII", service=SERVICE)
        try:
            response = await self._http.request(
                method, self._base_url + path, headers={"x-api-key": api_key}, params=params, json=items
            )
        except NEVER_SENT as error:
            raise NotSent(_named(error), service=SERVICE) from error
        except httpx.TransportError as error:
            raise Unreachable(_named(error), service=SERVICE) from error
        except httpx.RequestError as error:
            raise MalformedAnswer(_named(error), service=SERVICE) from error
        if response.status_code != httpx.codes.OK:
            raise refusal(response)
        return _envelope(response.content)


def _named(error: httpx.RequestError) -> str:
    return f"{type(error).__name__}: {error}".rstrip(": ")


def _envelope(content: bytes) -> Mapping[str, Any]:
    try:
        # NaN and its like are not JSON and no database takes them: they are read as null.
        body = json.loads(content, parse_constant=lambda _: None, parse_int=whole)
    except (ValueError, RecursionError) as error:
        raise MalformedAnswer("the body is not JSON", service=SERVICE, status=httpx.codes.OK) from error
    if not isinstance(body, dict) or not isinstance(body.get("data"), list):
        raise MalformedAnswer("the body has no list of data", service=SERVICE, status=httpx.codes.OK)
    return body


def _paging(body: Mapping[str, Any], limit: int, offset: int) -> tuple[int, bool, int | None]:
    """Return where the next page starts, whether there is one, and how many entries there are in all.

    Without a `meta` a full page is taken to have a successor: one request too many, but nothing lost.
    An empty page has none whatever `meta` says, so that a loop ends.
    """
    meta = body.get("meta")
    meta = meta if isinstance(meta, dict) else {}
    received = len(body["data"])
    has_more, total = meta.get("hasMore"), meta.get("total")
    if not isinstance(has_more, bool):
        has_more = received >= limit
    return offset + received, has_more and received > 0, total if isinstance(total, int) else None
