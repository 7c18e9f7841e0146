"""The trading-card repositories: accounts, the vendor's catalogue, prices, what is tracked, inventories."""

from mainspring.storage.cards.accounts import AccountRepository
from mainspring.storage.cards.catalogue import CatalogueRepository
from mainspring.storage.cards.inventory import InventoryRepository
from mainspring.storage.cards.prices import PriceRepository
from mainspring.storage.cards.tracked import TrackedRepository

__all__ = [
    "AccountRepository",
    "CatalogueRepository",
    "InventoryRepository",
    "PriceRepository",
    "TrackedRepository",
]
