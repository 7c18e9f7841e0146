"""What a model costs. A price is in micro-dollars for a million tokens."""

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

from mainspring.contracts.models import TokenUsage
from mainspring.contracts.retry import Retry

MILLION = 1_000_000

# Of the price of input: what is written into the cache for five minutes, and what is read from it; and of
# everything: what is asked in a batch. By Anthropic's price list, November 2026.
CACHE_WRITE, CACHE_READ = Fraction(5, 4), Fraction(1, 10)
BATCH = Fraction(1, 2)


class PriceMissing(Exception):
    """The settings have no price for a model, so that nobody knows what a call costs."""

    retry: ClassVar[Retry] = Retry.UNTIL_MENDED

    def __init__(self, model: str) -> None:
        super().__init__(f"no price of {model} is known: add it to MAINSPRING_CLAUDE_PRICES")


@dataclass(frozen=True, slots=True)
class Price:
    """What a million tokens of each kind cost."""

    input_micros: int
    output_micros: int

    def cost(self, usage: TokenUsage, *, is_batch: bool = False) -> int:
        """Return what a call costs, in micro-dollars, rounded up."""
        input_tokens = (
            usage.input_tokens + CACHE_WRITE * usage.cache_write_tokens + CACHE_READ * usage.cache_read_tokens
        )
        exact = input_tokens * self.input_micros + usage.output_tokens * self.output_micros
        return -(-(exact * (BATCH if is_batch else 1)) // MILLION)


def price_of(model: str, prices: Mapping[str, Price]) -> Price:
    """Return the price of a model.

    Raises PriceMissing: when the settings have none.
    """
    price = prices.get(model)
    if price is None:
        raise PriceMissing(model)
    return price
