"""Check of the price service JustTCG: does it answer."""

from collections.abc import AsyncIterator

from mainspring.client.checks.findings import Finding
from mainspring.config.settings import Settings
from mainspring.gateways.errors import CredentialsRefused, GatewayError, LimitExceeded
from mainspring.gateways.justtcg import open_justtcg

SETTING = "justtcg_url"


async def check_justtcg(settings: Settings) -> AsyncIterator[Finding]:
    """Check that the service answers; no quota counts the call."""
    keys = "accounts bring their own keys" if settings.justtcg_api_key is None else "a default key is set"
    found, remedy = f"{settings.justtcg_url} answers; {keys}", ""
    async with open_justtcg(settings.justtcg_url) as justtcg:
        try:
            # Without a key the service only answers that one is missing, which no quota counts.
            await justtcg.games("")
        except (CredentialsRefused, LimitExceeded):
            pass
        except GatewayError as error:
            found, remedy = str(error), "correct MAINSPRING_JUSTTCG_URL, or wait until it is back"
    yield Finding("JustTCG", found, remedy, SETTING)
