"""Check settings, database, Temporal, worker and gateways."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from mainspring.cli.console import FAILED, SUCCESS, settled
from mainspring.cli.output import show_table

if TYPE_CHECKING:
    from mainspring.client.checks import Finding
    from mainspring.config.settings import Settings


def doctor() -> None:
    """Check settings, database, Temporal, worker and gateways. Exit code 1 when something is wrong."""
    from mainspring.client.checks import examine

    async def work(settings: Settings) -> int:
        findings = [finding async for finding in examine(settings)]
        show_table(("", "part", "found", "remedy"), [_row(each) for each in findings])
        return SUCCESS if all(each.is_well for each in findings) else FAILED

    settled(work)


def _row(finding: Finding) -> tuple[str, ...]:
    mark = "[green]✓[/]" if finding.is_well else "[red]✗[/]"
    return mark, finding.part, escape(finding.found), escape(finding.remedy)
