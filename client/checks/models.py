"""Checks of Claude and of the endpoint for embeddings: do they answer, and take the keys."""

from collections.abc import AsyncIterator

from mainspring.client.checks.findings import Finding
from mainspring.config.gateways.embeddings import embeddings_of
from mainspring.config.gateways.models import claude_of
from mainspring.config.settings import Settings
from mainspring.gateways.errors import GatewayError


async def check_claude(settings: Settings) -> AsyncIterator[Finding]:
    """Check that Claude takes the key; nothing is charged for it."""
    setting = "claude_url"
    if settings.claude_api_key is None:
        found = "MAINSPRING_CLAUDE_API_KEY is not set, and enrichments of products wait"
        yield Finding("Claude", found, "set it if products are to be enriched", setting, is_notice=True)
        return
    claude = claude_of(settings)
    try:
        await claude.check()
    except GatewayError as error:
        remedy = "correct MAINSPRING_CLAUDE_API_KEY or MAINSPRING_CLAUDE_URL, or wait until it is back"
        yield Finding("Claude", str(error), remedy, setting)
    else:
        found = f"{settings.claude_url} takes the key; {settings.claude_model} is asked"
        yield Finding("Claude", found, "", setting)
    finally:
        await claude.close()


async def check_embeddings(settings: Settings) -> AsyncIterator[Finding]:
    """Check that the endpoint embeds a word. The model that runs in the worker is not loaded for that."""
    setting = "embeddings_url"
    if settings.embeddings_url is None:
        yield Finding("embeddings", "made by the model that runs in the worker", "", setting)
        return
    async with embeddings_of(settings) as embeddings:
        try:
            await embeddings.embed(["gift"])
        except GatewayError as error:
            yield Finding("embeddings", str(error), "correct MAINSPRING_EMBEDDINGS_…, or wait", setting)
        else:
            yield Finding("embeddings", f"{settings.embeddings_url} answers", "", setting)
