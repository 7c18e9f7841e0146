"""The wishlist checks."""

from pydantic import BaseModel, Field

from mainspring.config.sections.values import Zone


class WishlistSettings(BaseModel):
    """Which checks run by themselves, and by which clock. The shop has used these names before."""

    wishlist_sale_check_enabled: bool = Field(default=True, validation_alias="WISHLIST_SALE_CHECK_ENABLED")
    wishlist_stock_check_enabled: bool = Field(default=True, validation_alias="WISHLIST_STOCK_CHECK_ENABLED")
    wishlist_timezone: Zone = Field(default="America/New_York", validation_alias="WISHLIST_TIMEZONE")
