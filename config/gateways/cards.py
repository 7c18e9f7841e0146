"""JustTCG, and the key for accounts without one of their own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from mainspring.activities.cards import Credential, DefaultCredential
from mainspring.config.gateways import Gateways
from mainspring.config.settings import Settings
from mainspring.domain.cards.quota import plan_named
from mainspring.gateways.justtcg import JustTcg, open_justtcg


@asynccontextmanager
async def open_gateways(settings: Settings) -> AsyncIterator[Gateways]:
    """Give the gateway and the default key."""
    async with open_justtcg(settings.justtcg_url) as justtcg:
        yield {JustTcg: justtcg, DefaultCredential: DefaultCredential(default_credential(settings))}


def default_credential(settings: Settings) -> Credential | None:
    """Return the key for accounts without one of their own, with its plan."""
    if settings.justtcg_api_key is None:
        return None
    return Credential(
        settings.justtcg_api_key.get_secret_value(),
        plan_named(settings.justtcg_plan),
        settings.justtcg_anchor_day,
    )
