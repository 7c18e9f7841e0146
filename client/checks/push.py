"""Check of pushes: is there a service account, and does Google accept it."""

from collections.abc import AsyncIterator

from mainspring.client.checks.findings import Finding
from mainspring.config.settings import Settings
from mainspring.gateways.errors import GatewayError
from mainspring.gateways.push import open_push

SETTING = "push_service_account"


async def check_push(settings: Settings) -> AsyncIterator[Finding]:
    """Check that Google gives a token for the service account; no push is sent."""
    if settings.push_service_account is None:
        found = "MAINSPRING_PUSH_SERVICE_ACCOUNT is not set, and pushes to devices wait"
        yield Finding("pushes", found, "set it if users have devices", SETTING, is_notice=True)
        return
    try:
        async with open_push(settings.push_url, settings.push_service_account, at_once=1) as push:
            project = await push.check()
    except GatewayError as error:
        remedy = "correct MAINSPRING_PUSH_SERVICE_ACCOUNT, which names the file of a service account"
        yield Finding("pushes", str(error), remedy, SETTING)
        return
    yield Finding("pushes", f"Google accepts the service account of {project}", setting=SETTING)
