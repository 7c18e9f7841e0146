"""Show on one screen how the tasks stand: counts, oldest waits, next attempts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.markup import escape

from mainspring.cli.console import with_ledger
from mainspring.cli.output import AsJson, echo, short, show_json, show_table, state_text
from mainspring.client.times import duration, when

if TYPE_CHECKING:
    from mainspring.client.ledger import Ledger


def status(*, as_json: AsJson = False) -> None:
    """Show on one screen how the tasks stand: counts, oldest waits, next attempts.

    The ledger says it, so that it is told as well while Temporal is away; Temporal is asked only for workers,
    if none is in the ledger. `doctor` asks everybody.
    """
    from mainspring.client.tasks.overview import overview_of, overview_view, waited
    from mainspring.client.tasks.status_text import NO_WORKER_RUNS

    async def work(ledger: Ledger) -> None:
        found = await overview_of(ledger.database, ledger.tasks.workspace, await ledger.workers())
        if as_json:
            show_json(overview_view(found))
            return
        counts = [f"{state_text(state)} {count:,}" for state, count in found.counts.items()]
        echo("  ".join(counts) or "no tasks yet")
        echo(f"workers {found.workers}" if found.workers else f"[yellow]{NO_WORKER_RUNS}[/]")
        if found.oldest:
            echo("")
            rows = [
                (short(each.task.id), each.task.job, duration(waited(each.task)), escape(each.reason))
                for each in found.oldest
            ]
            show_table(("oldest", "job", "waits", "why"), rows)
        if found.next:
            echo("")
            rows = [
                (short(each.task.id), each.task.job, when(each.next_at), escape(each.reason))
                for each in found.next
            ]
            show_table(("next", "job", "at", "why"), rows)

    with_ledger(work)
