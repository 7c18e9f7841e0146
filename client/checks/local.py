"""Checks of what is on this machine: settings, the encryption key, folders."""

from collections.abc import AsyncIterator

from mainspring.client.checks.findings import Finding
from mainspring.config.secrets import encryption_key, has_sealing_key
from mainspring.config.settings import Settings


async def check_settings(settings: Settings) -> AsyncIterator[Finding]:
    """Say which settings are in use: reading them has checked them."""
    yield Finding("settings", f"state in {settings.state_dir}, task queue {settings.task_queue}")


async def check_encryption_key(settings: Settings) -> AsyncIterator[Finding]:
    """Check that the key that encrypts secrets can be read; a worker makes the first one."""
    if not has_sealing_key(settings):
        yield Finding("encryption key", f"none yet in {settings.state_dir}: the first worker makes one")
        return
    try:
        encryption_key(settings)
    except (OSError, ValueError) as error:
        yield Finding(
            "encryption key",
            str(error),
            "correct MAINSPRING_ENCRYPTION_KEY, or make the state directory readable",
        )
        return
    where = "MAINSPRING_ENCRYPTION_KEY" if settings.encryption_key else f"kept in {settings.state_dir}"
    yield Finding("encryption key", where)


async def check_source_dir(settings: Settings) -> AsyncIterator[Finding]:
    """Check the folder of videos, if one is set."""
    folder = settings.media_source_dir
    if folder is not None:
        remedy = "" if folder.is_dir() else "there is no such directory: correct MAINSPRING_MEDIA_SOURCE_DIR"
        yield Finding("video sources", f"files below {folder}", remedy)
