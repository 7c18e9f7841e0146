"""All checks, in the order in which a person would make them."""

from collections.abc import AsyncIterator, Callable
from dataclasses import replace

from mainspring.client.checks.database import check_database
from mainspring.client.checks.disks import check_disks
from mainspring.client.checks.findings import Finding
from mainspring.client.checks.justtcg import check_justtcg
from mainspring.client.checks.ledger import check_ledger
from mainspring.client.checks.local import check_encryption_key, check_settings, check_source_dir
from mainspring.client.checks.mail import check_mail
from mainspring.client.checks.models import check_claude, check_embeddings
from mainspring.client.checks.objects import check_objects
from mainspring.client.checks.push import check_push
from mainspring.client.checks.temporal import check_temporal
from mainspring.client.checks.vectors import check_vectors
from mainspring.config.emulated import with_emulators
from mainspring.config.settings import Settings
from mainspring.devserver import running_temporal

CHECKS: tuple[Callable[[Settings], AsyncIterator[Finding]], ...] = (
    check_settings,
    check_encryption_key,
    check_source_dir,
    check_disks,
    check_database,
    check_temporal,
    check_justtcg,
    check_mail,
    check_push,
    check_claude,
    check_embeddings,
    check_objects,
    check_ledger,
    check_vectors,
)


async def examine(settings: Settings) -> AsyncIterator[Finding]:
    """Give what each check finds, with the emulators that a stack of this state directory has published."""
    running = running_temporal(settings.state_dir)
    emulators = running.emulators if running else {}
    examined = with_emulators(settings, emulators)
    for check in CHECKS:
        async for finding in check(examined):
            is_emulator = finding.setting in emulators
            yield replace(finding, found=f"{finding.found} (emulator)") if is_emulator else finding
