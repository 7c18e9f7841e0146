"""The trading-card repositories: accounts, the vendor's catalogue, what is tracked, inventories."""

from storage.cards.accounts import AccountRepository
from storage.cards.catalogue import CatalogueRepository
from storage.cards.inventory import InventoryRepository
from storage.cards.tracked import TrackedRepository

__all__ = ["AccountRepository", "CatalogueRepository", "InventoryRepository", "TrackedRepository"]
