"""The price service of the trading cards."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from mainspring.config.sections.values import WebUrl
from mainspring.domain.cards.quota import plan_named


def _check_plan(value: str) -> str:
    plan_named(value)
    return value


PlanName = Annotated[str, AfterValidator(_check_plan)]


class CardsSettings(BaseModel):
    """How JustTCG is reached, and the key of accounts that have none of their own."""

    justtcg_url: WebUrl = "https://api.justtcg.com/v1"
    justtcg_api_key: SecretStr | None = Field(default=None, repr=False)
    justtcg_plan: PlanName = "Free Tier"
    justtcg_anchor_day: int = Field(default=1, ge=1, le=31)
