"""The language model, and what workspaces may spend on it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mainspring.activities.models import ModelPolicy
from mainspring.config.gateways import Gateways
from mainspring.config.settings import Settings
from mainspring.gateways.claude import Claude


@asynccontextmanager
async def open_gateways(settings: Settings) -> AsyncIterator[Gateways]:
    """Give the model and the policy of its use."""
    claude = claude_of(settings)
    try:
        yield {Claude: claude, ModelPolicy: model_policy(settings)}
    finally:
        await claude.close()


def claude_of(settings: Settings) -> Claude:
    """Return the model as the settings reach it."""
    key = settings.claude_api_key
    return Claude(None if key is None else key.get_secret_value(), settings.claude_url)


def model_policy(settings: Settings) -> ModelPolicy:
    """Return which model is used, and what it may cost."""
    return ModelPolicy(settings.claude_model, settings.price_table, settings.models_daily_micros)
