"""What language models were asked for products, and what that has cost."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from mainspring.cli.console import SUCCESS, with_service
from mainspring.cli.output import AsJson, echo, show_json, show_table

if TYPE_CHECKING:
    from mainspring.client.service import Service
    from mainspring.contracts.models import ModelRun

COLUMNS = ("at", "purpose", "subject", "model", "prompt", "tokens", "cost", "outcome")


def model_runs(
    subject: Annotated[str | None, typer.Option(help="What they were about, as a product's id.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1_000, help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """List the last calls of language models, and what was spent today (UTC)."""

    async def show(service: Service) -> int:
        runs = await service.models.runs(subject=subject, limit=limit)
        spend = await service.models.spend()
        if as_json:
            show_json(
                {
                    "runs": [run.model_dump(mode="json") for run in runs],
                    "today": spend.model_dump(mode="json"),
                }
            )
            return SUCCESS
        show_runs(runs)
        echo(f"today: {spend.runs:,} calls, {dollars(spend.cost_micros)}")
        return SUCCESS

    with_service(show)


def show_runs(runs: Iterable[ModelRun]) -> None:
    """Print model runs, one a line."""
    show_table(COLUMNS, [_row(run) for run in runs])


def dollars(micros: int) -> str:
    """Return an amount as people read it."""
    return f"${micros / 1_000_000:,.6f}"


def _row(run: ModelRun) -> tuple[str, ...]:
    return (
        f"{run.at:%Y-%m-%d %H:%M:%S}",
        run.purpose,
        escape(run.subject),
        escape(run.model),
        escape(run.prompt_version),
        f"{run.usage.input_tokens:,} / {run.usage.output_tokens:,}",
        dollars(run.cost_micros),
        run.outcome.value,
    )
