"""Check of the object store: can it be reached with our key."""

from collections.abc import AsyncIterator

from mainspring.client.checks.findings import Finding
from mainspring.config.gateways.media import object_store, store_folder
from mainspring.config.settings import Settings
from mainspring.gateways.errors import GatewayError

# Nobody publishes there.
NOWHERE = ".mainspring-doctor"


async def check_objects(settings: Settings) -> AsyncIterator[Finding]:
    """Check that the bucket answers to our key; a folder is one of the disks."""
    url = settings.resolved_store_url
    if store_folder(settings) is not None:
        yield Finding("object store", url)
        return
    try:
        await object_store(settings).under(NOWHERE)
    except GatewayError as error:
        yield Finding("object store", f"{url}: {error}", "correct MAINSPRING_MEDIA_STORE_URL and …_S3_…")
        return
    yield Finding("object store", f"{url} answers to our key")
