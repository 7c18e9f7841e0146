"""The vendor's decisions: whom it serves, what it refuses, what it answers. No HTTP here."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from mainspring.emulators.justtcg.accounts import Account
from mainspring.emulators.justtcg.catalogue import GAME_ID, GAME_NAME, ListedCard, ListedVariant, catalogue
from mainspring.emulators.justtcg.faults import Fault, Faults
from mainspring.emulators.justtcg.wire import Json, Wire

DEFAULT_LIMIT = 20

# The lookup keys that the emulator knows, in the vendor's order of precedence.
LOOKUP_KEYS = ("variantId", "tcgplayerSkuId", "cardId")

Chosen = tuple[ListedCard, list[ListedVariant]]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: `items` is the parsed body of a POST."""

    key: str | None
    method: str
    path: str
    params: Mapping[str, str]
    items: Any = None


@dataclass(slots=True)
class Answered:
    """The status and body, and whether the request used up quota."""

    status: int
    body: Json = field(default_factory=dict)
    is_counted: bool = False


class Refusal(Exception):
    """An answer other than 200, in the vendor's words."""

    def __init__(self, status: int, code: str, error: str) -> None:
        super().__init__(error)
        self.answer = Answered(status, {"error": error, "code": code})


class Vendor:
    """Serves the catalogue at the present prices to the keys in `accounts`."""

    def __init__(self, wire: Wire, faults: Faults) -> None:
        self.accounts: dict[str, Account] = {}
        self._wire = wire
        self._faults = faults
        self._routes: dict[tuple[str, str], Callable[[Asked, Account], Json]] = {
            ("GET", "/games"): self._games,
            ("GET", "/sets"): self._sets,
            ("GET", "/cards"): self._cards,
            ("POST", "/cards"): self._lookup,
        }

    def answer(self, asked: Asked, now: datetime) -> Answered:
        """Answer one request at the moment `now`, and count it if it is served."""
        try:
            account = self._account(asked)
            route = self._route(asked)
            if code := account.exhausted(now):
                return self._exhausted(account, code, now)
            body = route(asked, account)
        except Refusal as refusal:
            return refusal.answer
        account.count(now)
        return Answered(200, body | {"_metadata": account.metadata(now)}, is_counted=True)

    def _account(self, asked: Asked) -> Account:
        if not asked.key:
            raise Refusal(401, "MISSING_API_KEY", "API key is missing")
        if asked.key not in self.accounts:
            raise Refusal(401, "INVALID_API_KEY", "API key is invalid")
        return self.accounts[asked.key]

    def _route(self, asked: Asked) -> Callable[[Asked, Account], Json]:
        route = self._routes.get((asked.method, asked.path))
        if route is None:
            raise Refusal(404, "NOT_FOUND", "Not found")
        return route

    def _exhausted(self, account: Account, code: str, now: datetime) -> Answered:
        usage = {"_metadata": account.metadata(now)} if self._faults.tells_usage_in_refusals else {}
        return Answered(429, {"error": "Limit exceeded", "code": code} | usage)

    def _games(self, _asked: Asked, _account: Account) -> Json:
        return {"data": [self._wire.game(catalogue())]}

    def _sets(self, asked: Asked, account: Account) -> Json:
        if "game" not in asked.params:
            raise Refusal(400, "INVALID_REQUEST", "game is required")
        self._check_listing(asked.params["game"])
        known = asked.params["game"] in {GAME_ID, GAME_NAME}
        sets = list(catalogue().sets.values()) if known else []
        by_release = asked.params.get("orderBy") == "release_date"
        sets.sort(
            key=lambda each: each.release_date if by_release else each.name,
            reverse=asked.params.get("order") == "desc",
        )
        page, meta = _page(sets, asked, account)
        return {"data": [self._wire.set(each) for each in page], "meta": meta}

    def _check_listing(self, name: str | None) -> None:
        if name in self._faults.refused_listings:
            raise Refusal(400, "INVALID_REQUEST", f"{name} cannot be listed")
        if name in self._faults.failing_listings:
            raise Refusal(500, "INTERNAL_ERROR", "Internal server error")

    def _cards(self, asked: Asked, account: Account) -> Json:
        self._check_listing(asked.params.get("set"))
        page, meta = _page(self._chosen(asked.params), asked, account)
        with_nulls = asked.params.get("include_null_prices") == "true"
        with_history = asked.params.get("include_price_history") != "false"
        cards = [self._wire.card(card, variants, with_history=with_history) for card, variants in page]
        if not with_nulls:
            for card in cards:
                card["variants"] = [each for each in card["variants"] if each["price"] is not None]
        return {"data": self._spoilt(cards), "meta": meta}

    def _chosen(self, params: Mapping[str, str]) -> list[Chosen]:
        if any(key in params for key in LOOKUP_KEYS):
            return self._found(params)
        if not {"set", "game", "q"} & params.keys():
            raise Refusal(400, "INVALID_REQUEST", "an id, q, game or set is required")
        if params.get("game", GAME_ID) not in {GAME_ID, GAME_NAME}:
            return []
        sets = catalogue().sets
        wanted = [sets[params["set"]]] if params.get("set") in sets else []
        words = params.get("q", "").lower()
        return [
            (card, list(card.variants))
            for each in (wanted if "set" in params else sets.values())
            for card in each.cards
            if words in card.name.lower()
        ]

    def _lookup(self, asked: Asked, account: Account) -> Json:
        items = asked.items
        if not isinstance(items, list) or not items:
            raise Refusal(400, "INVALID_REQUEST", "the body must be an array of lookup items")
        if not all(isinstance(item, dict) and item and _is_text(item) for item in items):
            raise Refusal(400, "INVALID_REQUEST", "every value of a lookup item must be a string")
        _check_items(len(items), account)
        chosen: dict[str, Chosen] = {}
        for item in items:
            for card, variants in self._found(item):
                known = chosen.setdefault(card.uuid, (card, []))[1]
                known.extend(variant for variant in variants if variant not in known)
        cards = [
            self._wire.card(card, self._faults.shuffled(variants), with_history=False)
            for card, variants in chosen.values()
        ]
        return {"data": self._spoilt(self._faults.shuffled(cards))}

    def _found(self, item: Mapping[str, str]) -> list[Chosen]:
        """Find what the first key of an item names; something unknown is simply not there."""
        name = next((key for key in LOOKUP_KEYS if key in item), None)
        if name is None or item[name] in self._faults.never_returned:
            return []
        if name == "cardId":
            card = catalogue().cards.get(item[name])
            return [(card, list(card.variants))] if card else []
        variant = catalogue().variants.get(item[name])
        return [(catalogue().card_of[variant.uuid], [variant])] if variant else []

    def _spoilt(self, cards: list[Json]) -> list[Json]:
        faults = self._faults
        if faults.strikes(Fault.MISSING):
            cards = faults.thinned(cards)
        if faults.strikes(Fault.DUPLICATES):
            cards = [card | {"variants": card["variants"] * 2} for card in (*cards, *cards)]
        if faults.strikes(Fault.MALFORMED):
            cards[:1] = [card | {"uuid": None} for card in cards[:1]]
            for variant in [each for card in cards[1:2] for each in card["variants"][:1]]:
                variant["price"] = "on request"
        return cards


def _is_text(item: Mapping[str, object]) -> bool:
    return all(isinstance(value, str) for value in item.values())


def _check_items(items: int, account: Account) -> None:
    if items > account.limits.items:
        error = f"the plan {account.plan} allows {account.limits.items} items in a request"
        raise Refusal(403, "FORBIDDEN", error)


def _page(entries: list[Any], asked: Asked, account: Account) -> tuple[list[Any], Json]:
    """Cut one page out, and say what there is beyond it."""
    try:
        limit = int(asked.params.get("limit", DEFAULT_LIMIT))
        offset = int(asked.params.get("offset", 0))
    except ValueError:
        raise Refusal(400, "INVALID_REQUEST", "limit and offset must be numbers") from None
    if limit < 1 or offset < 0:
        raise Refusal(400, "INVALID_REQUEST", "limit must be positive, offset not negative")
    _check_items(limit, account)
    end = offset + limit
    meta = {"total": len(entries), "limit": limit, "offset": offset, "hasMore": end < len(entries)}
    return entries[offset:end], meta
