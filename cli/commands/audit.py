"""List changes, the newest first: who made them, and how the thing was and is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mainspring.cli.console import with_service
from mainspring.cli.output import AsJson, show_json, show_table
from mainspring.client.times import when
from mainspring.contracts.text import printable

if TYPE_CHECKING:
    from mainspring.client.service import Service
    from mainspring.contracts.audit import AuditEntry, AuditFilter


def audit(
    *,
    actor: Annotated[str | None, typer.Option(help="Only by these: a part of a name or key.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this action, such as retry_task.")] = None,
    subject: Annotated[
        str | None, typer.Option(help='Only of this, or what begins so: "task", "webhook 7f0c".')
    ] = None,
    since: Annotated[
        str | None, typer.Option(help="Only since then: a time, or 2h for two hours ago.")
    ] = None,
    until: Annotated[str | None, typer.Option(help="Only before then.")] = None,
    platform: Annotated[
        bool, typer.Option("--platform", help="Of what is the installation's, and belongs to no workspace.")
    ] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List changes, the newest first: who made them, and how the thing was and is."""

    async def work(service: Service) -> None:
        log = service.platform_audit if platform else service.audit
        found = await log.find(_chosen(actor, action, subject, since, until), limit=limit)
        if as_json:
            show_json([entry.model_dump(mode="json") for entry in found])
        else:
            show_table(("at", "who", "action", "what", "change"), [_row(entry) for entry in found])

    with_service(work)


def _chosen(
    actor: str | None, action: str | None, subject: str | None, since: str | None, until: str | None
) -> AuditFilter:
    from mainspring.client.time_input import moment_or_span_ago
    from mainspring.contracts.audit import AuditFilter

    return AuditFilter(
        actor=actor,
        action=action,
        subject=subject,
        since=moment_or_span_ago(since, "--since") if since else None,
        until=moment_or_span_ago(until, "--until") if until else None,
    )


def _row(entry: AuditEntry) -> tuple[str, ...]:
    told = (entry.actor, entry.action, entry.subject, _change(entry))
    return when(entry.at), *(escape(printable(each)) for each in told)


def _change(entry: AuditEntry) -> str:
    before, after = entry.before or {}, entry.after or {}
    return ", ".join(f"{name}: {_step(before, after, name)}" for name in before | after)


def _step(before: dict[str, object], after: dict[str, object], name: str) -> str:
    if name not in before:
        return str(after[name])
    return f"{before[name]} -> {after.get(name, 'none')}"
