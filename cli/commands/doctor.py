"""Check settings, disks, database, Temporal, workers, gateways, and what the ledger has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from mainspring.cli.console import FAILED, SUCCESS, settled
from mainspring.cli.output import AsJson, show_json, show_table

if TYPE_CHECKING:
    from mainspring.client.checks import Finding
    from mainspring.config.settings import Settings


def doctor(*, as_json: AsJson = False) -> None:
    """Check settings, disks, database, Temporal, workers, gateways, and what the ledger has.

    Exit code 1 when something is wrong; what a person should look at (!) is nothing wrong.
    """
    from mainspring.client.checks import examine

    async def work(settings: Settings) -> int:
        findings = [finding async for finding in examine(settings)]
        if as_json:
            show_json([_view(each) for each in findings])
        else:
            show_table(("", "part", "found", "remedy"), [_row(each) for each in findings])
        return FAILED if any(each.is_wrong for each in findings) else SUCCESS

    settled(work)


def _row(finding: Finding) -> tuple[str, ...]:
    marks = {"well": "[green]✓[/]", "notice": "[yellow]![/]", "wrong": "[red]✗[/]"}
    return marks[_level(finding)], finding.part, escape(finding.found), escape(finding.remedy)


def _view(finding: Finding) -> dict[str, str]:
    return {
        "part": finding.part,
        "level": _level(finding),
        "found": finding.found,
        "remedy": finding.remedy,
    }


def _level(finding: Finding) -> str:
    if finding.is_well:
        return "well"
    return "wrong" if finding.is_wrong else "notice"
