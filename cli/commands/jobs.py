"""List the jobs with what they take."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from mainspring.cli.output import show_json, show_table
from mainspring.client.views import job_view
from mainspring.contracts.message import Message

if TYPE_CHECKING:
    from mainspring.workflows.runtime.job import AnyJob


def jobs(
    *, as_json: Annotated[bool, typer.Option("--json", help="Print the catalogue as JSON.")] = False
) -> None:
    """List the jobs with what they take."""
    from mainspring.workflows.runtime.catalogue import JOBS

    catalogue = [job for job in JOBS if not job.is_internal]
    if as_json:
        show_json([job_view(job) for job in catalogue])
        return
    show_table(
        ("job", "one active for each", "input", "what it does"),
        [(job.name, _key(job), escape(_signature(job.input)), job.summary) for job in catalogue],
    )


def _key(job: AnyJob) -> str:
    """Return of what there is one active task at a time."""
    if job.key is None:
        return ""
    return job.key_says or ("key" if job.input.model_fields else "the service")


def _signature(message: type[Message]) -> str:
    properties: dict[str, dict[str, Any]] = message.model_json_schema().get("properties", {})
    return ", ".join(_field(name, schema) for name, schema in properties.items())


def _field(name: str, schema: dict[str, Any]) -> str:
    kind = schema.get("format") or schema.get("type", "any")
    return f"{name}: {kind}" + (f" = {schema['default']}" if "default" in schema else "")
