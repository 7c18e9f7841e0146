"""The language model, what it may cost, and the model that embeds texts."""

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from mainspring.config.sections.values import WebUrl
from mainspring.contracts.models import DOLLAR
from mainspring.domain.models import Price

PRICE = re.compile(r"(?P<model>[^\s=,]+)=(?P<input>\d+(?:\.\d{1,6})?)/(?P<output>\d+(?:\.\d{1,6})?)")


def _check_prices(value: str) -> str:
    if not (pairs := value.replace(",", " ").split()) or not all(map(PRICE.fullmatch, pairs)):
        raise ValueError(
            "Input should be MODEL=INPUT/OUTPUT, dollars for a million tokens, several separated by commas"
        )
    return value


Prices = Annotated[str, AfterValidator(_check_prices)]


class ModelsSettings(BaseModel):
    """How Claude is reached, and what a workspace may spend on it in a day of UTC."""

    claude_api_key: SecretStr | None = Field(default=None, repr=False)
    claude_url: WebUrl = "https://api.anthropic.com"
    claude_model: str = Field(default="claude-haiku-5-5", min_length=1, max_length=200)
    # The list prices of this date, in dollars for a million tokens of input and of output.
    claude_prices: Prices = "claude-haiku-5-5=0.10/0.50, claude-sonnet-5-5=2/10, claude-opus-5-5=4/20"
    claude_prices_of: date = date(2026, 11, 1)
    models_daily_budget: Decimal = Field(default=Decimal(10), gt=0, le=1_000_000, decimal_places=2)

    @property
    def price_table(self) -> dict[str, Price]:
        """The price of each model."""
        found = (PRICE.fullmatch(pair) for pair in self.claude_prices.replace(",", " ").split())
        return {
            each["model"]: Price(_micros(Decimal(each["input"])), _micros(Decimal(each["output"])))
            for each in found
            if each is not None
        }

    @property
    def models_daily_micros(self) -> int:
        """The budget of a day, in micro-dollars."""
        return _micros(self.models_daily_budget)


class EmbeddingsSettings(BaseModel):
    """Who embeds texts: without an address the model that runs in the worker."""

    embeddings_url: WebUrl | None = None
    embeddings_api_key: SecretStr | None = Field(default=None, repr=False)
    embeddings_model: str = Field(default="text-embedding-3-small", min_length=1, max_length=150)
    embeddings_dimensions: int = Field(default=1536, ge=1, le=4_096)
    # For models that can give vectors of several sizes; the others refuse to be asked.
    embeddings_ask_for_dimensions: bool = False


def _micros(dollars: Decimal) -> int:
    return int(dollars * DOLLAR)
