"""Products as the platform tells them, and the catalogue as a CMS tells of it."""

from mainspring.storage.shop.catalogue import CatalogueRepository
from mainspring.storage.shop.catalogue_rows import IS_SHOWN, filtered
from mainspring.storage.shop.products import ProductRepository, offer_of

__all__ = ["IS_SHOWN", "CatalogueRepository", "ProductRepository", "filtered", "offer_of"]
