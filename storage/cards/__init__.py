"""The trading-card repositories: accounts, the vendor's catalogue, what is tracked, inventories."""

from mainspring.storage.cards.accounts import AccountRepository
from mainspring.storage.cards.catalogue import CatalogueRepository
from mainspring.storage.cards.inventory import InventoryRepository
from mainspring.storage.cards.tracked import TrackedRepository

__all__ = ["AccountRepository", "CatalogueRepository", "InventoryRepository", "TrackedRepository"]
