"""What calls of language models cost, and what a workspace may spend on them in a day. Pure."""

from mainspring.domain.models.prices import Price, PriceMissing, price_of
from mainspring.domain.models.spend import DAY, daily_budget, highest_cost

__all__ = ["DAY", "Price", "PriceMissing", "daily_budget", "highest_cost", "price_of"]
