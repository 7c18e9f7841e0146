"""JustTCG, the price service for trading cards: its API v1, spoken over httpx."""

from mainspring.gateways.justtcg.answers import CardsPage, Game, Games, Lookup, SetsPage
from mainspring.gateways.justtcg.client import JustTcg
from mainspring.gateways.justtcg.connection import open_justtcg
from mainspring.gateways.justtcg.refusals import QuotaExceeded, Window

__all__ = [
    "CardsPage",
    "Game",
    "Games",
    "JustTcg",
    "Lookup",
    "QuotaExceeded",
    "SetsPage",
    "Window",
    "open_justtcg",
]
