"""What is sold: the offers that wishes compare, and the catalogue that a CMS tells of."""

from mainspring.contracts.shop.products import Product

__all__ = ["Product"]
