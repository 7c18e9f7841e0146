"""Products, as the platform tells them."""

from mainspring.storage.shop.products import ProductRepository, offer_of

__all__ = ["ProductRepository", "offer_of"]
